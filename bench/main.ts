import { audit } from './parts/audit.js'
import { boot } from './parts/boot.js'
import { fleet } from './parts/fleet.js'
import { actors, memory } from './parts/memory.js'
import { sideBySide } from './parts/side-by-side.js'
import { overloadFigures, steady, steadyFigures } from './parts/steady.js'
import { ratios, strategyCell } from './parts/strategies.js'

/** One measurement a process, so that none finds what another left: `{ part, options }` by message, its result back. */
const parts: Record<string, (options: never) => Promise<unknown>> = {
  strategyCell,
  ratios,
  sideBySide,
  boot,
  fleet,
  steady,
  steadyFigures,
  overloadFigures,
  audit,
  memory,
  actors,
}

// Whoever asked is gone (Ctrl-C, kill): nobody waits for the result, and the directories go with the process.
process.once('disconnect', () => process.exit(1))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

process.once('message', ({ part, options }: { part: string; options: never }) => {
  parts[part]!(options).then(
    (result) => process.send!({ result }, () => process.exit(0)),
    (error: unknown) => {
      const { message, stack } = error instanceof Error ? error : { message: String(error), stack: '' }
      process.send!({ failed: { message, stack } }, () => process.exit(1))
    },
  )
})
