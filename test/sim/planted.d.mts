/** `from` must occur exactly once in `file`. */
export interface Edit {
  readonly file: string
  readonly from: string
  readonly to: string
}

export interface PlantedBug {
  readonly name: string
  readonly what: string
  readonly edits: readonly Edit[]
}

export const tuning: readonly Edit[]
export const planted: readonly PlantedBug[]
