import type { Edit } from './bundle.mjs'

/** A bug that the simulation must find. */
export interface Planted {
  readonly name: string
  readonly what: string
  readonly edits: readonly Edit[]
}

export const planted: readonly Planted[]

/** What the simulation changes to be fast, in every run. */
export const tuning: readonly Edit[]
