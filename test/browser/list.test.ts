import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launch, notRun, openPage, picture } from './chromium.js'
import { serveMany } from './many.js'

type Meter = Record<'rowsTouched' | 'rowsReceived' | 'messages' | 'frames' | 'sorts', number>
const meterOf = (page: Page) =>
  page.evaluate(`import('./assets/meter.js').then(({ meter }) => ({ ...meter }))`) as Promise<Meter>

/** Of text on its ground, by the formula of WCAG 2; both as the browser computed them. */
const contrasts = `[...document.querySelectorAll('h1, .summary, .chip span, .head button, .name, .state-path, .state-link, .button.is-main span')]
  .filter((element) => element.checkVisibility()).slice(0, 60).map((element) => {
    const rgb = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number)
    const light = (text) => rgb(text).slice(0, 3).map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
      .reduce((sum, v, index) => sum + v * [0.2126, 0.7152, 0.0722][index], 0)
    let ground = element
    while (ground.parentElement && (rgb(getComputedStyle(ground).backgroundColor)[3] ?? 1) === 0) ground = ground.parentElement
    const [a, b] = [light(getComputedStyle(element).color), light(getComputedStyle(ground).backgroundColor)]
    return { text: element.textContent, ratio: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) }
  })`

describe.skipIf(notRun !== null)('the list of 5,000 tenants', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launch()
  })
  afterAll(() => browser?.close())

  it('draws only what is in sight, and writes only to rows that changed', async () => {
    const server = await serveMany(5_000)
    const { page, complaints, foreign } = await openPage(browser, server.url)
    await page.waitForSelector('[data-tenant="shop-0"]')
    const lines = await page.locator('[data-tenant]').count()
    expect(lines).toBeLessThan(60)
    const before = await meterOf(page)
    expect(before.rowsReceived).toBe(5_000)
    server.change([4_000, 4_001, 4_002], 7)
    server.change([1, 2], 7)
    await page.waitForSelector('[data-tenant="shop-2"] .is-generation >> text="7"')
    const after = await meterOf(page)
    expect(after.rowsReceived - before.rowsReceived).toBe(5)
    expect(after.rowsTouched - before.rowsTouched).toBe(2)

    await page.focus('[data-rows]')
    await page.keyboard.press('End')
    await page.waitForSelector('[data-tenant="shop-4999"]')
    expect(await page.locator('[data-tenant]').count()).toBeLessThan(60)
    expect(foreign).toEqual([])
    expect(complaints).toEqual([])
  })

  it('takes a thousand changes a second of a thousand tenants, each once, and writes to those in sight', async () => {
    const server = await serveMany(1_000)
    const { page } = await openPage(browser, server.url)
    await page.waitForSelector('[data-tenant="shop-0"]')
    const before = await meterOf(page)
    await page.evaluate(`{
      window.gaps = []
      let last = performance.now()
      const look = (now) => { window.gaps.push(now - last); last = now; requestAnimationFrame(look) }
      requestAnimationFrame(look)
    }`)
    const rounds = 25
    for (let round = 0; round < rounds; round++) {
      const first = (round * 200) % 1_000
      server.change(
        Array.from({ length: 200 }, (_, index) => first + index),
        round + 2,
      )
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    await page.waitForFunction(
      `import('./assets/meter.js').then(({ meter }) => meter.rowsReceived >= ${before.rowsReceived + rounds * 200})`,
    )
    const after = await meterOf(page)
    const lines = await page.locator('[data-tenant]').count()
    expect(after.rowsReceived - before.rowsReceived).toBe(rounds * 200)
    // Those in sight are among the first 200, which change in every fifth message.
    expect(after.rowsTouched - before.rowsTouched).toBeLessThanOrEqual((rounds / 5) * lines)
    expect(after.sorts).toBe(before.sorts)
    // What a message does not tell stays as it was.
    const line = (await page.textContent('[data-tenant="shop-1"]'))!
    for (const text of ['Connected', '1001', 'host-1', String(rounds - 5 + 2)]) expect(line).toContain(text)
    const gaps = ((await page.evaluate('window.gaps')) as number[]).sort((a, b) => a - b)
    const share = (part: number) => Number(gaps[Math.floor(part * (gaps.length - 1))]!.toFixed(1))
    const frameMs = { p50: share(0.5), p95: share(0.95), p99: share(0.99) }
    process.stdout.write(`${JSON.stringify({ tenants: 1_000, changesPerSecond: 1_000, frameMs })}\n`)
  })

  it('is walked by the keyboard alone', async () => {
    const server = await serveMany(200)
    const { page } = await openPage(browser, server.url)
    await page.waitForSelector('[data-tenant="shop-0"]')
    await page.keyboard.press('/')
    await page.keyboard.type('shop-12')
    await page.waitForSelector('[data-tenant="shop-120"]')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await page.waitForSelector('[aria-selected=true][data-tenant="shop-120"]')
    await page.keyboard.press('Enter')
    await page.waitForSelector('[data-tenant-page="shop-120"]')
    await page.keyboard.press('Escape')
    await page.waitForSelector('[data-rows]')
    await page.keyboard.press('n')
    await page.waitForSelector('dialog[open] #new-id')
    for (let round = 0; round < 8; round++) {
      await page.keyboard.press('Tab')
      const isOutside = `!document.querySelector('dialog').contains(document.activeElement) && document.activeElement !== document.body`
      expect(await page.evaluate(isOutside)).toBe(false)
    }
    await page.keyboard.press('Escape')
    await page.waitForSelector('dialog', { state: 'detached' })
  })

  it.each([
    ['light', 1440],
    ['dark', 1440],
    ['light', 320],
    ['dark', 360],
  ] as const)('can be read in %s on %i px, with names for everything', async (colorScheme, width) => {
    const server = await serveMany(300)
    const { page } = await openPage(browser, server.url, { colorScheme, viewport: { width, height: 800 } })
    await page.waitForSelector('[data-tenant="shop-0"]')
    await picture(page, `list-${colorScheme}-${width}`)
    const measured = (await page.evaluate(contrasts)) as { text: string; ratio: number }[]
    expect(measured.length).toBeGreaterThan(10)
    expect(measured.filter(({ ratio }) => ratio < 4.5)).toEqual([])
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    const nameless = `[...document.querySelectorAll('button, a, input')].filter((element) => element.checkVisibility()
      && !(element.textContent.trim() || element.getAttribute('aria-label') || element.labels?.length)).map((element) => element.outerHTML)`
    expect(await page.evaluate(nameless)).toEqual([])
  })
})
