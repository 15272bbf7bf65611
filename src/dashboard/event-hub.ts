import type { ServerResponse } from 'node:http'
import { checkTenantId } from '../ports/index.js'
import { type ApiParts, type ApiRequest, type Reply, refusal, shortHostId } from '../server/index.js'
import { framed } from './frame.js'
import { LiveTenants } from './live-tenants.js'
import type { EventName } from './payloads.js'
import { Reader } from './reader.js'
import { Replay } from './replay.js'
import type { Timeline } from './timeline.js'
import { WatchedTenant } from './watched-tenant.js'

/** Streams at a time. */
const readersAtMost = 64
/** Proxies end what is silent for long; readers whose sign-in is over are found at the same time. */
const heartbeatMs = 15_000
/** The list goes on without readers for so long: a page that reloads, or was cut off, goes on where it was. */
const lingerMs = 30_000

export interface EventHubParts extends ApiParts {
  readonly timeline: Timeline
  readonly version: string
}

/** Where a reader was. */
interface Place {
  /** Id of the last event that it has. */
  readonly after: string
  /** It has the watched tenant as of that event. */
  readonly sawTenant: boolean
}

/** Who reads what happens, and what they are told. Nothing is looked at while nobody reads. */
export class EventHub {
  readonly #parts: EventHubParts
  readonly #live: LiveTenants
  readonly #replay = new Replay()
  readonly #readers = new Set<Reader>()
  readonly #watched = new Map<string, WatchedTenant>()
  #opening = 0
  #heartbeat: unknown = null
  #linger: unknown = null
  #isClosed = false

  constructor(parts: EventHubParts) {
    this.#parts = parts
    this.#live = new LiveTenants({ ...parts, publish: (json) => this.#publish(null, 'changes', json) })
    parts.timeline.onEntry = (tenantId, entry) => this.#watched.get(tenantId)?.noteEntry(entry)
  }

  get readers(): number {
    return this.#readers.size
  }

  /** Tenants whose machines are inspected. */
  get watched(): number {
    return this.#watched.size
  }

  /** A stream of events, or why there is none. */
  async open({ query, headers, caller }: ApiRequest): Promise<Reply> {
    if (this.#isClosed) return refusal(503, 'closed', 'The server is shutting down.')
    if (this.#readers.size + this.#opening >= readersAtMost) {
      const problem = refusal(429, 'tooManyRequests', `${readersAtMost} pages are open; close one of them.`)
      return { ...problem, headers: { 'retry-after': '5' } }
    }
    const given = query.get('tenant')
    const tenantId = given === null ? null : checkTenantId(given)
    const cutOffAt = headers['last-event-id']
    const place = {
      after: String(cutOffAt ?? query.get('after') ?? ''),
      // A browser comes back to the address that it had: the same tenant was watched.
      sawTenant: cutOffAt !== undefined,
    }
    this.#opening += 1
    try {
      await this.#live.wake()
    } finally {
      this.#opening -= 1
      this.#restIfAlone()
    }
    if (this.#isClosed) return refusal(503, 'closed', 'The server is shutting down.')
    return {
      status: 200,
      headers: {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store, no-transform',
        'x-accel-buffering': 'no',
      },
      stream: (response) => this.#attach(response, new Reader(response, { tenantId, caller }), place),
    }
  }

  /** Ends the streams whose sign-in is over. */
  async recheck(): Promise<void> {
    await Promise.all(
      [...this.#readers].map(async (reader) => {
        const isAllowed = await Promise.resolve()
          .then(() => reader.caller.isStillAllowed())
          .catch(() => false)
        if (!isAllowed) this.#endReader(reader, 'signedOut')
      }),
    )
  }

  close(): void {
    this.#isClosed = true
    for (const reader of [...this.#readers]) this.#endReader(reader, 'shutdown')
    this.#rest()
  }

  #attach(response: ServerResponse, reader: Reader, place: Place): void {
    if (this.#isClosed) return void response.destroy()
    response.on('close', () => this.#remove(reader))
    // A reader that reads nothing is found by what waits for it, not by time.
    response.write('retry: 2000\n\n')
    this.#live.flush()
    this.#begin(reader, place)
    this.#readers.add(reader)
    const { clock } = this.#parts
    clock.clearTimeout(this.#linger)
    this.#linger = null
    this.#heartbeat ??= clock.setTimeout(() => this.#beat(), heartbeatMs)
  }

  /** What the reader missed, or everything. */
  #begin(reader: Reader, { after, sawTenant }: Place): void {
    const { tenantId } = reader
    const watched = tenantId === null ? null : this.#watch(tenantId)
    const seq = this.#replay.seqOf(after)
    const { id } = this.#replay
    if (seq === null) {
      const { supervisor, version } = this.#parts
      const json = this.#live.stateJson({ host: shortHostId(supervisor.hostId), version })
      reader.sendState(Buffer.from(`id: ${id}\nevent: state\ndata: ${json}\n\n`))
    } else for (const { bytes } of this.#replay.after(seq, tenantId)) reader.send(bytes)
    if (watched !== null && (seq === null || !sawTenant || seq < watched.since)) {
      reader.send(framed(id, 'tenant', watched.detail()))
    }
  }

  #watch(tenantId: string): WatchedTenant {
    const known = this.#watched.get(tenantId)
    known?.flush()
    if (known !== undefined) return known
    const watched = new WatchedTenant(
      {
        ...this.#parts,
        row: (id) => (this.#live.has(id) ? this.#parts.tenants.lastSeen(id) : null),
        publish: (id, name, payload) => this.#publish(id, name, JSON.stringify(payload)),
      },
      tenantId,
      this.#replay.mark(),
    )
    this.#watched.set(tenantId, watched)
    return watched
  }

  #publish(tenantId: string | null, name: EventName, json: string): void {
    const { bytes } = this.#replay.add(tenantId, name, json)
    for (const reader of this.#readers) {
      if (tenantId === null || reader.tenantId === tenantId) reader.send(bytes)
    }
  }

  #beat(): void {
    this.#heartbeat = null
    if (this.#readers.size === 0) return
    const beat = Buffer.from(': still here\n\n')
    for (const reader of this.#readers) reader.send(beat)
    void this.recheck()
    this.#dropUnwatched()
    this.#heartbeat = this.#parts.clock.setTimeout(() => this.#beat(), heartbeatMs)
  }

  /** By the beat, not at once: whoever was cut off comes back to a watch without a gap. */
  #dropUnwatched(): void {
    const wanted = new Set([...this.#readers].map(({ tenantId }) => tenantId))
    for (const [tenantId, watched] of this.#watched) {
      if (wanted.has(tenantId)) continue
      watched.close()
      this.#watched.delete(tenantId)
    }
  }

  #endReader(reader: Reader, reason: 'signedOut' | 'shutdown'): void {
    if (!this.#readers.has(reader)) return
    reader.end(framed(this.#replay.id, 'bye', { reason }))
    this.#remove(reader)
  }

  #remove(reader: Reader): void {
    if (!this.#readers.delete(reader)) return
    this.#restIfAlone()
  }

  /** Not at once: a page that reloads comes back. */
  #restIfAlone(): void {
    if (this.#readers.size + this.#opening > 0 || this.#isClosed) return
    this.#linger ??= this.#parts.clock.setTimeout(() => this.#rest(), lingerMs)
  }

  #rest(): void {
    const { clock } = this.#parts
    for (const timer of [this.#linger, this.#heartbeat]) clock.clearTimeout(timer)
    this.#linger = null
    this.#heartbeat = null
    for (const watched of this.#watched.values()) watched.close()
    this.#watched.clear()
    this.#live.sleep()
    this.#replay.forget()
  }
}
