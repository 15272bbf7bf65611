import type { Pool } from './ports/index.js'
import type { SessionHost } from './session-host.js'
import type { Sessions } from './sessions.js'
import type { TenantSession } from './tenant-session.js'

/** Ends sessions that are above this host's share, in order, so that hosts below theirs claim them. */
export class HandOver<Socket> {
  readonly #host: SessionHost<Socket>
  readonly #sessions: Sessions<Socket>
  readonly #underWay = new Set<string>()
  #members = ''
  #membersSince = 0

  constructor(host: SessionHost<Socket>, sessions: Sessions<Socket>) {
    this.#host = host
    this.#sessions = sessions
  }

  /** @param surplus sessions above the share; what is under way counts among them */
  look(pool: Pool, surplus: number): void {
    const { settings } = this.#host
    if (!this.#isSteady(pool) || surplus <= this.#underWay.size) return
    // New connections are made so many at a time; more hand-overs would only wait there.
    const count = Math.min(surplus, settings.connectConcurrency) - this.#underWay.size
    for (const session of this.#candidates().slice(0, Math.max(0, count)))
      this.#sessions.track(this.#handOver(session))
  }

  /** Hosts that come and go, as in a rolling deploy, are waited for. */
  #isSteady({ hosts }: Pool): boolean {
    const { clock, settings } = this.#host
    const members = JSON.stringify(hosts.map(({ owner, capacity }) => [owner, String(capacity)]))
    // A clock that is set back begins anew: it would hold everything up for as much.
    if (members !== this.#members || clock.now() < this.#membersSince) this.#membersSince = clock.now()
    this.#members = members
    return clock.now() - this.#membersSince >= settings.rebalanceAfterMs
  }

  /** Connected ones only: a code is being scanned, or a session that cannot be restored would be no better elsewhere. */
  #candidates(): TenantSession<Socket>[] {
    const sessions = [...this.#sessions.allRunning()].filter(
      ({ tenantId, status, link, isEnding }) =>
        status === 'CONNECTED' && link === 'open' && !isEnding && !this.#underWay.has(tenantId),
    )
    const rank = ({ wasClaimed, unprotected }: TenantSession<Socket>) =>
      (wasClaimed ? 0 : 2) + (unprotected.changes > 0 ? 1 : 0)
    return sessions.sort((a, b) => rank(a) - rank(b))
  }

  async #handOver(session: TenantSession<Socket>): Promise<void> {
    const { clock, logger, store } = this.#host
    const { tenantId } = session
    const since = clock.now()
    this.#underWay.add(tenantId)
    try {
      // Without its store no other host can restore what it is handed.
      await store.check()
      // The less there is to do between its connection and the next, the shorter the gap.
      if (session.unprotected.changes > 0) await session.backupNow()
      if (session.isEnding) return
      const { unsaved } = await session.end()
      logger.info({ tenantId, unsaved, durationMs: clock.now() - since }, 'handed over to another host')
    } catch (error) {
      logger.info({ tenantId, err: error }, 'not handed over; it stays for now')
    } finally {
      this.#underWay.delete(tenantId)
    }
  }
}
