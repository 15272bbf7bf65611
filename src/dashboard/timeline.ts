import type { ApiParts } from '../server/index.js'
import type { TimelineEntry, TimelinePayload } from './payloads.js'
import { entryOfAction, entryOfFact, entryOfState, type NewEntry } from './timeline-entries.js'

/** Entries kept of a tenant. */
const perTenant = 200
/** Entries kept of all tenants together, about 400 bytes each: those of who was silent for longest go first. */
const altogether = 20_000

interface Ring {
  entries: TimelineEntry[]
  dropped: number
}

/** What happened to each tenant lately. A tenant to which nothing happens costs nothing. */
export class Timeline {
  readonly #parts: Pick<ApiParts, 'supervisor' | 'clock' | 'onAction'>
  /** The tenant to which something happened last is the last. */
  readonly #rings = new Map<string, Ring>()
  readonly #statuses = new Map<string, string>()
  readonly #undo: readonly (() => void)[]
  #count = 0
  #n = 0
  /** Told of each new entry that is no step. */
  onEntry: (tenantId: string, entry: TimelineEntry) => void = () => {}

  constructor(parts: Pick<ApiParts, 'supervisor' | 'clock' | 'onAction'>) {
    this.#parts = parts
    const { supervisor } = parts
    this.#undo = [
      supervisor.on('fact', (fact) => void this.add(fact.tenantId, entryOfFact(fact))),
      supervisor.on('changed', ({ tenantId }) => this.#noteStatus(tenantId)),
      supervisor.on('closed', ({ tenantId }) => this.#noteStatus(tenantId)),
      parts.onAction((tenantId, verb, error) => void this.add(tenantId, entryOfAction(verb, error))),
    ]
  }

  /** Entries of all tenants. */
  get count(): number {
    return this.#count
  }

  /** The number that the next entry, or step, has. */
  next(): number {
    this.#n += 1
    return this.#n
  }

  add(tenantId: string, { step, ...entry }: NewEntry): TimelineEntry {
    const n = step?.n ?? this.next()
    const at = step?.at ?? new Date(this.#parts.clock.now()).toISOString()
    const added: TimelineEntry = { n, at, ...entry, ...(step === undefined ? {} : { step }) }
    const ring = this.#rings.get(tenantId) ?? { entries: [], dropped: 0 }
    this.#rings.delete(tenantId)
    this.#rings.set(tenantId, ring)
    ring.entries.push(added)
    this.#count += 1
    // In one go for many: each cut moves the rest.
    if (ring.entries.length > 1.25 * perTenant) this.#cut(ring, ring.entries.length - perTenant)
    if (this.#count > altogether) this.#forgetOldest()
    if (step === undefined) this.onEntry(tenantId, added)
    return added
  }

  of(tenantId: string): TimelinePayload {
    const ring = this.#rings.get(tenantId) ?? { entries: [], dropped: 0 }
    const entries = ring.entries.slice(-perTenant)
    return { tenantId, entries, dropped: ring.dropped + ring.entries.length - entries.length }
  }

  close(): void {
    for (const undo of this.#undo) undo()
    this.#rings.clear()
    this.#statuses.clear()
    this.#count = 0
  }

  #noteStatus(tenantId: string): void {
    const session = this.#parts.supervisor.get(tenantId)
    if (session === undefined) return
    const status = session.result === null ? session.status : `${session.status}/${session.result.reason}`
    if (this.#statuses.get(tenantId) === status) return
    this.#statuses.set(tenantId, status)
    this.add(tenantId, entryOfState(session))
  }

  #cut(ring: Ring, entries: number): void {
    ring.entries.splice(0, entries)
    ring.dropped += entries
    this.#count -= entries
  }

  /** A tenant whose every entry is gone starts anew when something happens to it. */
  #forgetOldest(): void {
    for (const [tenantId, ring] of this.#rings) {
      this.#count -= ring.entries.length
      this.#rings.delete(tenantId)
      return
    }
  }
}
