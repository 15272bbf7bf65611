import jsQrModule from 'jsqr'
import type { Page } from 'playwright-core'
import { PNG } from 'pngjs'

// Its types say a default export; as CommonJS it is one level deeper or not, by the loader.
const jsQr = ('default' in jsQrModule ? jsQrModule.default : jsQrModule) as unknown as (
  data: Uint8ClampedArray,
  width: number,
  height: number,
) => { data: string } | null

/** What a camera in front of the screen reads; null when there is no code that can be read. */
export async function scan(page: Page): Promise<string | null> {
  const { data, width, height } = PNG.sync.read(await page.screenshot())
  return jsQr(new Uint8ClampedArray(data), width, height)?.data ?? null
}
