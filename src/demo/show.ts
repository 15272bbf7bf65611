/** How the demo tells what happens. */
export interface Show {
  title(lines: readonly string[]): void
  /** A step begins; `live`, when given, is asked again and again for what to show beside it. */
  begin(text: string, live?: () => string): void
  /** It is done. */
  done(text: string, notes?: readonly string[]): void
  /** The last words. */
  end(outcome: Outcome): void
}

export interface Outcome {
  readonly isGood: boolean
  readonly heading: string
  readonly rows: readonly (readonly [label: string, value: string])[]
  readonly notes: readonly string[]
}
