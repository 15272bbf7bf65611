import { audit } from './parts/audit.js'
import { boot } from './parts/boot.js'
import { fleet } from './parts/fleet.js'
import { actors, memory } from './parts/memory.js'
import { overloadFigures, steady, steadyFigures } from './parts/steady.js'
import { ratios, strategyCell } from './parts/strategies.js'

/** One measurement a process, so that none finds what another left: `{ part, options }` by message, its result back. */
const parts: Record<string, (options: never) => Promise<unknown>> = {
  strategyCell,
  ratios,
  boot,
  fleet,
  steady,
  steadyFigures,
  overloadFigures,
  audit,
  memory,
  actors,
}

process.once('message', ({ part, options }: { part: string; options: never }) => {
  parts[part]!(options).then(
    (result) => process.send!({ result }, () => process.exit(0)),
    (error: unknown) => {
      process.send!({ failed: error instanceof Error ? (error.stack ?? '') : String(error) }, () =>
        process.exit(1),
      )
    },
  )
})
