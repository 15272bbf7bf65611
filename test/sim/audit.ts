import type { Head } from '../../src/ports/registry.js'
import { restoreGeneration } from '../../src/replication/restore.js'
import type { CloseResult } from '../../src/session-api.js'
import { defaultSettings } from '../../src/settings.js'
import { memoryStore } from '../../src/stores/memory.js'
import { continues } from './history.js'
import type { Host } from './host.js'
import type { World } from './world.js'

/** Looks at what the hosts left behind, with no network between. */
export class Audit {
  readonly #world: World
  /** Names of key files that a tenant ever had: the bound of its backlog. */
  readonly #names = new Map<string, Set<string>>()

  constructor(world: World) {
    this.#world = world
  }

  /** A new head: everything that a restore of it fetches is there. */
  head(tenantId: string, head: Head): void {
    const missing = this.#missing(tenantId, head)
    if (missing !== null) this.#world.violate(missing, tenantId)
  }

  /** Objects were deleted: no head may miss one. */
  async removed(keys: readonly string[]): Promise<void> {
    this.#world.strike('collected')
    for (const tenantId of new Set(keys.map((key) => key.slice(0, key.indexOf('/'))))) {
      const history = this.#world.history(tenantId)
      if (history.leaving) {
        history.deletions++
        continue
      }
      const head = (await this.#world.row(tenantId))?.head
      const missing = head && this.#missing(tenantId, head)
      if (missing) this.#world.violate(`after a collection: ${missing}`, tenantId)
    }
  }

  /** What waits for a backup is the set of changed files, and one entry in the queue. */
  backlog(host: Host, tenantId: string): void {
    const session = host.supervisor?.get(tenantId)
    if (!session || !host.supervisor) return
    const names = this.#names.get(tenantId) ?? new Set()
    this.#names.set(tenantId, names)
    for (const name of host.current.get(tenantId)?.files.keys() ?? []) names.add(name)
    if (session.unprotected.changes > names.size + 1)
      this.#world.violate('the backlog outgrew the files', tenantId)
    const { running, waiting } = host.supervisor.uploads
    if (running + waiting > this.#world.plan.tenants)
      this.#world.violate('more uploads than tenants', tenantId)
  }

  /** A session that ended with nothing unsaved has nothing that no backup has. */
  closed(host: Host, { tenantId, reason, unsaved }: { tenantId: string } & CloseResult): void {
    const history = this.#world.history(tenantId)
    // One that only waited for its turn has opened nothing.
    const written = host.current.has(tenantId) ? host.written.get(tenantId) : undefined
    host.current.delete(tenantId)
    const handedOn =
      reason === 'leaseLost' || reason === 'loggedOut' || reason === 'deleted' || reason === 'failed'
    if (handedOn || unsaved > 0 || !written || history.leaving) return
    const { head } = history
    // What another host has gone on from, or has ended, is nothing of this one any more.
    if (head === null || (!continues(written, head) && !continues(head, written))) return
    if (head.tree !== written.tree && !continues(head, written)) {
      this.#world.violate(`ended (${reason}) with unsaved 0 and changes that no backup has`, tenantId)
    }
  }

  /** One that was not cut short by its deadline has left nothing behind. */
  shutDown(host: Host, tookMs: number): void {
    const timers = host.life?.timers ?? 0
    if (timers > 0 && tookMs < defaultSettings.shutdownDeadlineMs) {
      this.#world.violate(`${timers} timers left after a shutdown`)
    }
  }

  /** Restores a head from nothing and compares every byte. */
  async restorable(tenantId: string): Promise<void> {
    const { head: version, rotten, leaving } = this.#world.history(tenantId)
    const head = (await this.#world.row(tenantId))?.head
    if (!head || version === null || rotten || leaving) return
    const store = memoryStore({ objects: this.#world.objects, clock: this.#world.clock })
    try {
      const { files } = await restoreGeneration(store, tenantId, head)
      const same =
        files.size === version.files.size &&
        [...files].every(([name, content]) => version.files.get(name) === content)
      if (!same) this.#world.violate('a restore gives other files than were captured', tenantId)
    } catch (error) {
      this.#world.violate(`the head cannot be restored: ${String(error)}`, tenantId)
    }
  }

  #missing(tenantId: string, head: Head): string | null {
    const { objects, spoilt } = this.#world
    // Damaged between its upload and its swap, as it may be: it says no more what it builds on.
    if (spoilt.has(head.key)) return null
    const body = objects.get(head.key)?.body
    if (!body) return `generation ${head.seq} is committed and not in the store`
    const { chain, payload } = JSON.parse(Buffer.from(body).toString('utf8'))
    const prefix = `${tenantId}/generations/`
    const name = head.key.slice(prefix.length, -'.json'.length)
    const parts = payload.parts.map((_: unknown, at: number) => `${name}.part-${at}`)
    const keys = [...chain, ...parts].map((each) => `${prefix}${each}.json`)
    const absent = keys.filter((key) => !objects.has(key) && !spoilt.has(key))
    return absent.length === 0 ? null : `generation ${head.seq} lacks ${absent.length} of its objects`
  }
}
