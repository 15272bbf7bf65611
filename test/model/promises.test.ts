import { describe, it } from 'vitest'
import { promises } from './promises.js'

describe('what the machines promise, in words', () => {
  it.each(promises)('$name', ({ check }) => check())
})
