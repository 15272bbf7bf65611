import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { MachineName } from './chart.js'
import type { LayoutChoice } from './elk-graph.js'

/** Left, top, width, height. */
export type Box = readonly [number, number, number, number]

/** Where everything is; `npm run layout` writes it. The box of what holds in every state is not in it: it is above. */
export interface MachineLayout {
  /** What it was made with. */
  readonly choice: LayoutChoice
  readonly width: number
  readonly height: number
  readonly states: Readonly<Record<string, Box>>
  /** In the order of `linesOf`. */
  readonly lines: readonly LineLayout[]
}

export interface LineLayout {
  readonly points: readonly (readonly [number, number])[]
  readonly label: Box
}

const layouts = new Map<MachineName, MachineLayout>()

export function layoutOf(name: MachineName): MachineLayout {
  const known = layouts.get(name)
  if (known) return known
  const file = path.join(import.meta.dirname, 'layouts', `${name}.json`)
  const layout = JSON.parse(readFileSync(file, 'utf8')) as MachineLayout
  layouts.set(name, layout)
  return layout
}
