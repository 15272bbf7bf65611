import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { planted, tuning } from './planted.mjs'

const inRoot = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url))

/** Hours of simulation stop at one that does not: it is told in a moment here. */
it.each([
  ...planted,
  { name: 'the tuning of the simulation', edits: tuning },
])('$name fits the sources as they are', ({ edits }) => {
  for (const { file, from } of edits) {
    expect(readFileSync(inRoot(file), 'utf8').split(from).length - 1, `in ${file}: ${from}`).toBe(1)
  }
})
