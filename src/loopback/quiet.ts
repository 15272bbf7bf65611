import { AsyncLocalStorage } from 'node:async_hooks'

// libsignal prints whole session entries, private keys included, when a session closes. The prints are
// dropped only inside calls made through `quietly`; everybody else's console works as before.
const silenced = new AsyncLocalStorage<true>()
const METHODS = ['info', 'warn', 'error'] as const
let users = 0
const undo: (() => void)[] = []

/** Runs `work` with libsignal's prints dropped; needs {@link installQuiet}. */
export function quietly<T>(work: () => Promise<T>): Promise<T> {
  return silenced.run(true, work)
}

/** Makes {@link quietly} effective until the returned function is called. */
export function installQuiet(): () => void {
  users += 1
  if (users === 1) for (const method of METHODS) undo.push(filter(method))
  let active = true
  return () => {
    if (!active) return
    active = false
    users -= 1
    if (users === 0) for (const restore of undo.splice(0)) restore()
  }
}

function filter(method: (typeof METHODS)[number]): () => void {
  const original = console[method]
  const filtered = (...args: unknown[]) => {
    if (!silenced.getStore()) original.apply(console, args)
  }
  console[method] = filtered
  return () => {
    // Somebody may have replaced it after us; theirs stays.
    if (console[method] === filtered) console[method] = original
  }
}
