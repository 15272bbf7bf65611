import type { Clock } from '../ports/index.js'
import type { Supervised } from '../server/index.js'
import type { MachineStep } from '../supervisor-api.js'
import { batchMs } from './live-tenants.js'
import type {
  EventName,
  EventPayloads,
  MachineName,
  MachineNow,
  Step,
  TenantDetail,
  TimelineEntry,
} from './payloads.js'
import type { Timeline } from './timeline.js'
import { entryOfStep, stepOf } from './timeline-entries.js'

/** Steps of one batch; a machine that runs in circles is not to fill every page. */
const stepsKept = 200

export interface WatchedParts {
  readonly supervisor: Supervised
  readonly clock: Clock
  readonly timeline: Timeline
  readonly row: (tenantId: string) => TenantDetail['row']
  readonly publish: <Name extends EventName>(
    tenantId: string,
    name: Name,
    payload: EventPayloads[Name],
  ) => void
}

/** One tenant that somebody watches: the steps of its machines, and what it is now. */
export class WatchedTenant {
  readonly tenantId: string
  /** Number of the event after which it is watched without a gap. */
  readonly since: number
  readonly #parts: WatchedParts
  readonly #undo: readonly (() => void)[]
  readonly #last = new Map<MachineName, { step: Step; since: string }>()
  #steps: Step[] = []
  #entries: TimelineEntry[] = []
  #dropped = 0
  #isNew = false
  #timer: unknown = null

  constructor(parts: WatchedParts, tenantId: string, since: number) {
    this.#parts = parts
    this.tenantId = tenantId
    this.since = since
    this.#undo = [
      parts.supervisor.inspect(tenantId, (step) => this.#noteStep(step)),
      parts.supervisor.on('closed', (closed) => {
        if (closed.tenantId === tenantId) this.#noteNew()
      }),
    ]
  }

  noteEntry(entry: TimelineEntry): void {
    this.#entries.push(entry)
    this.#arm()
  }

  detail(): TenantDetail {
    const { supervisor, timeline, row } = this.#parts
    return {
      tenantId: this.tenantId,
      row: row(this.tenantId),
      machines: this.#machines(),
      counters: supervisor.machines(this.tenantId)?.counters ?? null,
      timeline: timeline.of(this.tenantId),
    }
  }

  /** Tells what has happened since the last time. */
  flush(): void {
    const { clock, publish, supervisor } = this.#parts
    clock.clearTimeout(this.#timer)
    this.#timer = null
    const { tenantId } = this
    const [steps, entries, dropped] = [this.#steps, this.#entries, this.#dropped]
    this.#steps = []
    this.#entries = []
    this.#dropped = 0
    if (entries.length > 0) publish(tenantId, 'timeline', { tenantId, entries })
    if (steps.length > 0) {
      const counters = supervisor.machines(tenantId)?.counters ?? null
      publish(tenantId, 'step', { tenantId, steps, dropped, machines: this.#machines(), counters })
    }
    if (this.#isNew) publish(tenantId, 'tenant', this.detail())
    this.#isNew = false
  }

  close(): void {
    for (const undo of this.#undo) undo()
    this.#parts.clock.clearTimeout(this.#timer)
    this.#timer = null
  }

  #noteStep(taken: MachineStep): void {
    // No move: a parent of workers knows from here on where the machines are.
    if (taken.event === 'watch.begun') {
      this.#noteNew()
      return
    }
    const step: Step = { n: this.#parts.timeline.next(), ...stepOf(taken) }
    this.#parts.timeline.add(this.tenantId, { ...entryOfStep(step), step })
    const before = this.#last.get(step.machine)
    const isSame = before !== undefined && before.step.states.at(-1) === step.states.at(-1)
    this.#last.set(step.machine, { step, since: isSame ? before.since : step.at })
    if (this.#steps.length < stepsKept) this.#steps.push(step)
    else this.#dropped += 1
    if (step.event === 'xstate.init') this.#noteNew()
    this.#arm()
  }

  /** Another session: what was last seen of the one before says nothing of it. */
  #noteNew(): void {
    this.#isNew = true
    this.#arm()
  }

  #machines(): MachineNow[] {
    const now = this.#parts.supervisor.machines(this.tenantId)
    return (now?.machines ?? []).map((machine) => {
      const last = this.#last.get(machine.machine)
      const isSo = last?.step.states.at(-1) === machine.states.at(-1)
      return { ...machine, since: isSo ? last!.since : null, last: last?.step ?? null }
    })
  }

  #arm(): void {
    this.#timer ??= this.#parts.clock.setTimeout(() => this.flush(), batchMs)
  }
}
