export interface Place {
  /** −1 for the heads. */
  readonly row: number
  readonly column: number
}

/**
 * Left-aligned columns, two spaces apart; a column without any text is left out.
 * @param paint colours a cell after it was padded, so that escape codes do not count as width
 */
export function drawTable(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  paint: (text: string, place: Place) => string = (text) => text,
): string[] {
  const used = heads.map((_, column) => column).filter((column) => rows.some((row) => row[column] !== ''))
  const widths = new Map(
    used.map((column) => [column, Math.max(...[heads, ...rows].map((row) => row[column]!.length))]),
  )
  return [heads, ...rows].map((row, index) =>
    used
      .map((column, at) => {
        const isLast = at === used.length - 1
        const text = isLast ? row[column]! : row[column]!.padEnd(widths.get(column)!)
        return paint(text, { row: index - 1, column })
      })
      .join('  ')
      .trimEnd(),
  )
}
