import { afterEach, beforeEach, vi } from 'vitest'
import { type Loopback, startLoopback, trustLoopback } from '../../src/loopback/index.js'

/** A loopback server of its own for every test of a file, trusted by this process. */
export function eachWithLoopback(): { readonly wa: Loopback } {
  let current: Loopback | undefined
  let undoTrust: () => void = () => {}
  beforeEach(async () => {
    // Baileys' own libsignal prints sessions here; the loopback server's does not.
    for (const method of ['info', 'warn', 'error'] as const)
      vi.spyOn(console, method).mockImplementation(() => {})
    current = await startLoopback()
    undoTrust = trustLoopback(current.rootPublicKey)
  })
  afterEach(async () => {
    undoTrust()
    await current?.close()
    vi.restoreAllMocks()
  })
  return {
    get wa() {
      return current!
    },
  }
}
