/** One measured figure beside what it should be. `limit` says on which side of the target is good. */
export interface Figure {
  readonly name: string
  readonly measured: number
  readonly target: number | null
  readonly limit: 'most' | 'least' | null
  readonly unit: string
  readonly ok: boolean | null
}

/** Null target: told, not judged. */
export function figure(
  name: string,
  measured: number,
  unit: string,
  goal: { most: number } | { least: number } | null = null,
): Figure {
  const rounded = round(measured)
  if (goal === null) return { name, measured: rounded, target: null, limit: null, unit, ok: null }
  if ('most' in goal) {
    return { name, measured: rounded, target: goal.most, limit: 'most', unit, ok: measured <= goal.most }
  }
  return { name, measured: rounded, target: goal.least, limit: 'least', unit, ok: measured >= goal.least }
}

/** Three significant digits, and whole numbers as they are. */
export function round(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(3))
}
