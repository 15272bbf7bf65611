import { existsSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { onTestFinished } from 'vitest'

export const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
export const hasChromium = existsSync(executablePath)

/** Why this suite does not run; null when it does. In CI it has to. */
export const notRun = hasChromium
  ? null
  : `NOT RUN: there is no Chromium at ${executablePath}; install Debian's chromium or set CHROMIUM_PATH`

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Headless, with a fresh profile. Close it: its processes would be left behind. */
export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath, args, headless: true })
}

/** A page that is watched: where its requests go, and what it complains of. */
export async function openPage(
  browser: Browser,
  url: string,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<{ page: Page; context: BrowserContext; complaints: string[]; foreign: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  const complaints: string[] = []
  const foreign: string[] = []
  page.on('console', (message) => {
    const { url: from } = message.location()
    if (message.type() === 'error' || message.type() === 'warning')
      complaints.push(`${message.text()} ${from}`)
  })
  page.on('pageerror', (error) => complaints.push(String(error.stack ?? error)))
  page.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url())
    if (hostname !== '127.0.0.1' && protocol !== 'data:' && protocol !== 'blob:') foreign.push(request.url())
  })
  onTestFinished(() => context.close())
  await page.goto(url)
  return { page, context, complaints, foreign }
}

/** Pictures of the page go here; without it none is written. */
const folder = process.env.SCREENSHOT_DIR

export async function picture(page: Page, name: string): Promise<Buffer> {
  if (folder === undefined) return await page.screenshot()
  mkdirSync(folder, { recursive: true })
  return await page.screenshot({ path: path.join(folder, `${name}.png`) })
}
