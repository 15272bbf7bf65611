import { SessionError } from '../errors.js'
import { type ApiParts, bounded } from '../server/index.js'
import type { CountFiles, StoredGeneration } from '../supervisor-api.js'
import type { Generation, GenerationsPayload } from './payloads.js'
import type { Timeline } from './timeline.js'

const pageSize = 100
/** Listings at a time: each is a person who looks, and the store has backups to take. */
const listingsAtMost = 4
const limitMs = 10_000
/** Downloads for one request, each once in the life of the process: what a page shows before somebody scrolls. */
const countedAtOnce = 24

/** Backups of a tenant, from the store's listing. */
export class Generations {
  readonly #parts: ApiParts & { readonly timeline: Timeline }
  #running = 0

  constructor(parts: ApiParts & { readonly timeline: Timeline }) {
    this.#parts = parts
  }

  /** @throws SessionError `unavailable` too many ask at once, or the store · `timeout` */
  async list(tenantId: string, count?: CountFiles): Promise<StoredGeneration[]> {
    if (this.#running >= listingsAtMost) {
      throw new SessionError('unavailable', 'Others are looking at backups just now; try again in a moment.')
    }
    this.#running += 1
    const { supervisor, clock } = this.#parts
    const listing = supervisor.generations(tenantId, count).finally(() => {
      this.#running -= 1
    })
    return await bounded(listing, limitMs, 'Listing the backups', clock)
  }

  /**
   * @param before number that the newest one shown is below; null for all
   * @param counts downloads some of those whose files are not known
   */
  async page(tenantId: string, before: number | null, counts = false): Promise<GenerationsPayload> {
    const { tenants, clock, timeline } = this.#parts
    const view = await tenants.one(tenantId)
    const count = counts ? { below: before, most: countedAtOnce } : undefined
    const all = await this.list(tenantId, count)
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
        files: generation.files ?? (generation.isHead ? view.files : null),
        changes: generation.changes ?? changes.get(generation.seq) ?? null,
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
