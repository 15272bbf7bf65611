import { SessionError } from '../errors.js'
import { type ApiParts, bounded } from '../server/index.js'
import type { StoredGeneration } from '../supervisor-api.js'
import type { Generation, GenerationsPayload } from './payloads.js'
import type { Timeline } from './timeline.js'

const pageSize = 100
/** Listings at a time: each is a person who looks, and the store has backups to take. */
const listingsAtMost = 4
const limitMs = 10_000

/** Backups of a tenant, from the store's listing. */
export class Generations {
  readonly #parts: ApiParts & { readonly timeline: Timeline }
  #running = 0

  constructor(parts: ApiParts & { readonly timeline: Timeline }) {
    this.#parts = parts
  }

  /** @throws SessionError `unavailable` too many ask at once, or the store · `timeout` */
  async list(tenantId: string): Promise<StoredGeneration[]> {
    if (this.#running >= listingsAtMost) {
      throw new SessionError('unavailable', 'Others are looking at backups just now; try again in a moment.')
    }
    this.#running += 1
    const { supervisor, clock } = this.#parts
    const listing = supervisor.generations(tenantId).finally(() => {
      this.#running -= 1
    })
    return await bounded(listing, limitMs, 'Listing the backups', clock)
  }

  /** @param before number that the newest one shown is below; null for all */
  async page(tenantId: string, before: number | null): Promise<GenerationsPayload> {
    const { tenants, clock, timeline } = this.#parts
    const view = await tenants.one(tenantId)
    const all = await this.list(tenantId)
    const head = all.find(({ isHead }) => isHead)
    const inChain = new Set(head === undefined ? [] : [head.seq, ...head.needs])
    const changes = changesBySeq(timeline, tenantId)
    const shown = all.filter(({ seq }) => before === null || seq < before)
    const page = wholeNumbers(shown)
    const now = clock.now()
    const generations = page.map(
      ({ objects: _, createdAt, ...generation }): Generation => ({
        ...generation,
        createdAt: new Date(createdAt).toISOString(),
        age: Math.max(0, now - createdAt),
        files: generation.isHead ? view.files : null,
        changes: changes.get(generation.seq) ?? null,
        isInHeadChain: inChain.has(generation.seq),
      }),
    )
    return {
      tenantId,
      generations,
      next: page.length < shown.length ? page.at(-1)!.seq : null,
      total: { generations: all.length, bytes: all.reduce((sum, { bytes }) => sum + bytes, 0) },
    }
  }
}

/** One page; generations that share a number stay together, or the next page would leave some out. */
function wholeNumbers(shown: readonly StoredGeneration[]): readonly StoredGeneration[] {
  const last = shown[pageSize - 1]
  return last === undefined ? shown : shown.filter(({ seq }) => seq >= last.seq)
}

/** The store's names do not tell how many files changed; what this process committed lately, it remembers. */
function changesBySeq(timeline: Timeline, tenantId: string): Map<number, number> {
  const found = new Map<number, number>()
  for (const { name, detail } of timeline.of(tenantId).entries) {
    if (name === 'generation.committed') found.set(Number(detail.seq), Number(detail.changes))
  }
  return found
}
