import type { ChartState, MachineChart } from './chart.js'
import { type DrawnLine, type DrawnRow, labelOf, rowsOf } from './drawn-text.js'

/** All lengths of a drawing are in its own units, pixels at 100 %. */
export const nameSize = 14
export const textSize = 11
export const lineHeight = 14
export const headHeight = 26
export const padding = 10
/** Around everything. */
export const margin = 14
/** Room between the lines of two edges that share a label. */
export const labelPadding = 3
/** Of the width of a character: every monospaced font that a system is likely to have is 0.6 em wide, or 0.602. */
const emOfCharacter = 0.605

export interface Size {
  readonly width: number
  readonly height: number
}

export function textWidth(text: string, size: number): number {
  return Math.ceil(text.length * size * emOfCharacter)
}

/** What a state needs for its name and its rows. */
export function headSize(chart: MachineChart, state: ChartState): Size {
  const rows = rowsOf(chart, state)
  const name = textWidth(state.key, nameSize) + 14
  const width = Math.max(name, ...rows.map(({ text }) => textWidth(text, textSize))) + 2 * padding
  return { width, height: headHeight + rows.length * lineHeight + padding / 2 }
}

/** Of what holds in every state: as many columns as there is room for. */
export function rootColumns(
  rows: readonly DrawnRow[],
  width: number,
): { count: number; columnWidth: number } {
  const columnWidth = Math.max(...rows.map(({ text }) => textWidth(text, textSize))) + 3 * padding
  return { count: Math.max(1, Math.floor((width - 2 * margin - padding) / columnWidth)), columnWidth }
}

export function rootHeight(rows: readonly DrawnRow[], width: number): number {
  return headHeight + Math.ceil(rows.length / rootColumns(rows, width).count) * lineHeight + padding + 10
}

export function labelSize({ edges }: DrawnLine): Size {
  const texts = edges.flatMap(labelOf)
  return {
    width: Math.max(...texts.map((text) => textWidth(text, textSize))) + 2 * labelPadding,
    height: texts.length * lineHeight + edges.length * 2 * labelPadding,
  }
}
