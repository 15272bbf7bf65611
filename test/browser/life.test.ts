import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launch, notRun, openPage, picture } from './chromium.js'
import { scan } from './scan.js'
import { startScene } from './scene.js'

if (notRun !== null) {
  if (process.env.CI === 'true') throw new Error(notRun)
  console.log(notRun)
}

/** Notes every state that is lit in a picture, by looking at each change of it. */
async function recordLit(page: Page): Promise<() => Promise<string[]>> {
  await page.waitForSelector('[data-machine=tenant]')
  await page.evaluate(`{
    const picture = document.querySelector('[data-machine=tenant]')
    window.litStates = new Set((picture.dataset.lit ?? '').split(' '))
    new MutationObserver(() => {
      for (const id of picture.dataset.lit.split(' ')) window.litStates.add(id)
    }).observe(picture, { attributes: true, attributeFilter: ['data-lit'] })
  }`)
  return () => page.evaluate('[...window.litStates]') as Promise<string[]>
}

const lit = (page: Page, state: string) =>
  page.waitForSelector(
    `[data-machine=tenant][data-lit$="${state}"], [data-machine=tenant][data-lit*="${state} "]`,
  )

describe.skipIf(notRun !== null)('the life of a tenant, in the browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launch()
  })
  afterAll(() => browser?.close())

  it('is paired by its drawn QR code, watched, backed up, stopped, brought back from an emptied disk, and deleted', async () => {
    const scene = await startScene()
    const { page, complaints, foreign } = await openPage(browser, scene.url)
    await page.waitForSelector('[data-empty]:not([hidden])')
    await picture(page, 'empty')

    await page.click('[data-add] >> visible=true')
    await page.fill('#new-id', 'shop-1')
    await picture(page, 'add')
    await page.keyboard.press('Enter')
    await page.waitForSelector('.qr')
    await picture(page, 'pairing')
    const text = await scan(page)
    expect(text).not.toBeNull()
    await scene.wa.phone({ number: '628120000001' }).scan(text!)
    await page.waitForSelector('.pairing[data-phase=connected]')
    await picture(page, 'paired')
    expect(await page.locator('.qr').count()).toBe(0)
    await page.click('text=Open the tenant')

    await page.waitForSelector('[data-tenant-page="shop-1"]')
    const litStates = await recordLit(page)
    await lit(page, 'connected')
    // In the drawing itself, by its own style.
    await page.waitForSelector('[data-machine=tenant] svg [data-state=connected].is-active')
    await page.waitForSelector('[data-machine=link] svg [data-state="online.opened"].is-active')
    await page.click('[data-verb=backup]')
    await page.waitForSelector('.toast.is-ok >> text=generation')
    await page.waitForSelector('[data-generation] >> text=head')
    await page.click('[data-verb=audit]')
    await page.waitForSelector('.toast.is-ok >> text=as the newest backup has them')
    // The answer to the request may be there before the last steps are shown.
    await expect.poll(litStates, { timeout: 20_000 }).toContain('backing-up.uploading')
    await page.waitForSelector('[data-machine=tenant] svg [data-edge].is-last')
    const fillOf = (state: string) =>
      page.evaluate<string>(
        `getComputedStyle(document.querySelector('[data-machine=tenant] [data-state="${state}"] > rect')).fill`,
      )
    const isLit = async () => (await fillOf('connected')) !== (await fillOf('closing'))
    await expect.poll(isLit, { timeout: 20_000 }).toBe(true)
    await page.setViewportSize({ width: 1440, height: 1080 })
    await picture(page, 'tenant')

    await page.click('[data-verb=stop]')
    await page.waitForSelector('[data-status-word] >> text=Stopped')
    await scene.emptyDisk('shop-1')
    let codes = 0
    scene.supervisor.on('qr', () => {
      codes += 1
    })
    await page.click('[data-verb=start]')
    await lit(page, 'connected')
    await page.waitForSelector('[data-status-word] >> text=Connected')
    await expect
      .poll(litStates, { timeout: 20_000 })
      .toEqual(expect.arrayContaining(['restoring', 'connected']))
    expect(codes).toBe(0)
    expect(scene.supervisor.get('shop-1')?.status).toBe('CONNECTED')

    await page.click('[data-verb=logout]')
    await page.waitForSelector('[data-losses]')
    expect(await page.textContent('[data-losses]')).toMatch(
      /unlink this device.*0001.*generation.*in the store.*file/s,
    )
    expect(await page.isDisabled('[data-confirm]')).toBe(true)
    await page.fill('#confirm', 'shop')
    expect(await page.isDisabled('[data-confirm]')).toBe(true)
    await page.fill('#confirm', 'shop-1')
    await picture(page, 'logout')
    await page.click('[data-confirm]')
    await page.waitForSelector('.toast.is-ok >> text=deleted everywhere')
    expect(scene.wa.phone({ number: '628120000001' }).devices).toEqual([])

    expect(foreign).toEqual([])
    expect(complaints.filter((text) => !/404.*\/code/.test(text))).toEqual([])
  })

  it('shows that the server is gone, and is live again when it is back', async () => {
    const scene = await startScene()
    const { page } = await openPage(browser, scene.url)
    await page.waitForSelector('[data-stream=live]')
    await scene.stopServer()
    await page.waitForSelector('[data-gone]:not([hidden])')
    await picture(page, 'server-gone')
    await scene.serveAgain()
    await page.waitForSelector('.live[data-stream=live]')
    expect(await page.isHidden('[data-gone]')).toBe(true)
  })

  it('wants the token, refuses a wrong one with the server’s words, and signs out', async () => {
    const token = 'a-token-of-some-length'
    const scene = await startScene({ token })
    const { page } = await openPage(browser, scene.url)
    await page.fill('#token', 'a-wrong-token-of-some-length')
    await page.keyboard.press('Enter')
    await page.waitForSelector('#token-problem >> text=wrong')
    await picture(page, 'sign-in')
    expect(await page.evaluate('document.activeElement.id')).toBe('token')
    await page.keyboard.type(token)
    await page.keyboard.press('Enter')
    await page.waitForSelector('.live[data-stream=live]')
    await page.click('[data-sign-out]')
    await page.waitForSelector('#token')
    await page.reload()
    await page.waitForSelector('#token')
  })
})
