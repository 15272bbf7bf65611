import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import type { MachineName } from './chart.js'
import { type MachineSvgOptions, machineSvg } from './machine-svg.js'

/** Pixels per unit of the drawing: its smallest text is 11 units high. */
export const pngScale = 1.5
const fonts = ['RobotoMono-Regular.ttf', 'RobotoMono-Bold.ttf']
let starting: Promise<typeof import('@resvg/resvg-wasm')> | null = null

/**
 * The drawing as a PNG, in light colours, with the fonts of this package: the same bytes on every system.
 * @throws SessionError `invalid` for a name that is no machine's
 */
export async function machinePng(name: MachineName, options: MachineSvgOptions = {}): Promise<Uint8Array> {
  const svg = machineSvg(name, { ...options, standalone: false })
  const read = (font: string) => readFile(path.join(import.meta.dirname, 'fonts', font))
  const fontBuffers = await Promise.all(fonts.map(read))
  starting ??= started()
  const { Resvg } = await starting
  const image = new Resvg(svg, {
    fitTo: { mode: 'zoom', value: pngScale },
    font: { fontBuffers, defaultFontFamily: 'Roboto Mono' },
  })
  const rendered = image.render()
  const png = rendered.asPng()
  rendered.free()
  image.free()
  return png
}

async function started(): Promise<typeof import('@resvg/resvg-wasm')> {
  const resvg = await import('@resvg/resvg-wasm')
  const { resolve } = createRequire(import.meta.url)
  await resvg.initWasm(await readFile(resolve('@resvg/resvg-wasm/index_bg.wasm')))
  return resvg
}
