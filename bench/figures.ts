import { type FigureKind, figureList } from './figure-list.mjs'

/** One measured figure beside what it should be. `limit` says on which side of the target is good. */
export interface Figure {
  readonly part: string
  readonly name: string
  /** What it was measured with: numbers of tenants and files, the store's delay, the limit. */
  readonly at: string
  readonly measured: number
  /** Null: told, not judged. */
  readonly target: number | null
  readonly limit: 'most' | 'least' | null
  readonly unit: string
  readonly ok: boolean | null
}

const longestAt = 78

/** Figures by their ids in {@link figureList}, measured at the same sizes. */
export function figuresOf(at: string, measured: Readonly<Record<string, number>>): Figure[] {
  if (at.length > longestAt) throw new Error(`Longer than a line of 80: ${at}`)
  return Object.entries(measured).map(([id, value]) => {
    const kind = figureList[id]
    if (!kind) throw new Error(`No figure is called ${id}; add it to bench/figure-list.mjs.`)
    return { ...judged(kind, value), at }
  })
}

function judged({ part, name, unit, most, least }: FigureKind, value: number): Omit<Figure, 'at'> {
  const told = { part, name, measured: round(value), unit }
  if (most !== undefined) return { ...told, target: most, limit: 'most', ok: value <= most }
  if (least !== undefined) return { ...told, target: least, limit: 'least', ok: value >= least }
  return { ...told, target: null, limit: null, ok: null }
}

/** Three significant digits, and whole numbers as they are. */
export function round(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(3))
}
