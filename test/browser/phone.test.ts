import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launch, notRun, openPage, picture } from './chromium.js'
import { contrasts } from './contrasts.js'
import { startScene } from './scene.js'

if (notRun !== null) {
  if (process.env.CI === 'true') throw new Error(notRun)
  console.log(notRun)
}

const screen = { width: 390, height: 844 }

/** Nothing is wider than the screen, every text is clear of its ground (WCAG AA), and nothing moves by itself. */
async function isWell(page: Page, where: string): Promise<void> {
  const { wide, texts, unclear, moving } = (await page.evaluate(`({
    wide: document.documentElement.scrollWidth - innerWidth,
    texts: ${contrasts}.length,
    unclear: ${contrasts}.filter(({ ratio }) => ratio < 4.5),
    moving: document.getAnimations().filter(({ effect }) => effect.getComputedTiming().duration > 1).length,
  })`)) as { wide: number; texts: number; unclear: object[]; moving: number }
  expect(texts).toBeGreaterThan(4)
  expect({ where, wide: Math.max(0, wide), unclear, moving }).toEqual({
    where,
    wide: 0,
    unclear: [],
    moving: 0,
  })
}

/** Tab until it is reached, as somebody without a mouse would. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press('Tab')
    if (await page.evaluate(`document.activeElement.matches(${JSON.stringify(selector)})`)) return
  }
  throw new Error(`60 presses of Tab did not reach ${selector}`)
}

describe.skipIf(notRun !== null)('on a phone’s screen, by the keyboard alone, without motion', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launch()
  })
  afterAll(() => browser?.close())

  it.each([
    'light',
    'dark',
  ] as const)('a tenant is paired by a code, backed up and logged out in %s', async (colorScheme) => {
    const scene = await startScene()
    const { page, complaints } = await openPage(browser, scene.url, {
      colorScheme,
      viewport: screen,
      reducedMotion: 'reduce',
    })
    const look = async (name: string) => {
      await picture(page, `phone-${name}-${colorScheme}`)
      await isWell(page, name)
    }
    await page.waitForSelector('[data-empty]:not([hidden])')
    await look('empty')
    await page.keyboard.press('n')
    await page.waitForSelector('dialog[open] #new-id')
    await page.keyboard.type('a-bakery.with-a-rather-long-name_that-goes-on-and-on')
    await tabTo(page, 'input[name=way]')
    await page.keyboard.press('ArrowDown')
    await page.waitForSelector('#new-number')
    expect(await page.evaluate('document.activeElement.id')).toBe('new-number')
    await page.keyboard.type('+62 812 000 0001')
    await look('add')
    await page.keyboard.press('Enter')
    const code = await page.waitForSelector('.typed-code')
    await look('code')
    const spelled = (await code.getAttribute('aria-label'))!
    await scene.wa.phone({ number: '628120000001' }).enterPairingCode(spelled.replaceAll(/[ -]/g, ''))
    await page.waitForSelector('.pairing[data-phase=connected]')
    await look('paired')
    // The way on has the focus.
    await page.keyboard.press('Enter')
    await page.waitForSelector('[data-tenant-page]')
    await page.waitForSelector('[data-machine=tenant] svg')
    await tabTo(page, '[data-verb=backup]')
    await page.keyboard.press('Enter')
    await page.waitForSelector('.toast.is-ok >> text=generation')
    await page.waitForSelector('[data-generation] >> text=head')
    await look('tenant')
    await tabTo(page, '[data-verb=logout]')
    await page.keyboard.press('Enter')
    await page.waitForSelector('[data-losses]')
    await look('logout')
    expect(await page.evaluate('document.activeElement.id')).toBe('confirm')
    await page.keyboard.type('a-bakery.with-a-rather-long-name_that-goes-on-and-on')
    await page.keyboard.press('Enter')
    await page.waitForSelector('.toast.is-ok >> text=deleted everywhere')
    expect(scene.wa.phone({ number: '628120000001' }).devices).toEqual([])
    expect(complaints.filter((text) => !/404.*\/code/.test(text))).toEqual([])
  })
})
