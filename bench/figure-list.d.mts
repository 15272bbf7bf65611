/** What a figure is, whatever was measured. */
export interface FigureKind {
  readonly part: string
  /** Unique among figures, at most 42 characters: tables are 80 wide. */
  readonly name: string
  readonly unit: string
  readonly most?: number
  readonly least?: number
  /** What stands in the way of the target, for whoever reads that it was missed. */
  readonly missed?: string
}

export type FigureId = string

export const figureList: Readonly<Record<FigureId, FigureKind>>
