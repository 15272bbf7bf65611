import { EndedSession } from './ended-session.js'
import type { LeasedTenant } from './ports/index.js'
import type { CloseResult } from './session-api.js'
import type { SessionHost } from './session-host.js'
import type { StartOptions } from './supervisor-api.js'
import { TenantSession } from './tenant-session.js'

/** The sessions of this process, one a tenant, and what those that ended have still to finish. */
export class Sessions<Socket> {
  readonly all = new Map<string, TenantSession<Socket> | EndedSession<Socket>>()
  readonly #host: SessionHost<Socket>
  /** What ended sessions have not finished yet: a registry that is away leaves a lease to be given back. */
  readonly #unfinished = new Map<Promise<void>, string | null>()

  constructor(host: SessionHost<Socket>) {
    this.#host = host
  }

  /**
   * Gives the session that runs, if there is one: whoever asked meanwhile was first.
   * @param claimed the lease that the session begins with; the caller has made sure that none runs
   */
  bringUp(
    tenantId: string,
    { pairing = {}, mayPair = true }: StartOptions,
    claimed: LeasedTenant | null = null,
  ): TenantSession<Socket> {
    const running = this.running(tenantId)
    if (running) return running
    const session = new TenantSession(this.#host, tenantId, { pairing, mayPair, claimed })
    this.all.set(tenantId, session)
    session.start()
    return session
  }

  running(tenantId: string): TenantSession<Socket> | null {
    const session = this.all.get(tenantId)
    return session instanceof TenantSession && session.result === null ? session : null
  }

  *allRunning(): Generator<TenantSession<Socket>> {
    for (const tenantId of this.all.keys()) {
      const session = this.running(tenantId)
      if (session) yield session
    }
  }

  /** A session of the tenant runs here, or one that has ended still does something. */
  isBusy(tenantId: string): boolean {
    return this.running(tenantId) !== null || [...this.#unfinished.values()].includes(tenantId)
  }

  /** Keeps of a session that is over what may still be asked of it. */
  ended(tenantId: string, result: CloseResult): void {
    const session = this.all.get(tenantId)
    if (!(session instanceof TenantSession) || session.result !== result) return
    const left = session.idle().then(() => {
      if (this.running(tenantId) === null) this.#host.root.leave(tenantId)
    })
    this.track(left, tenantId)
    this.all.set(tenantId, new EndedSession(session, { result, now: this.#host.clock.now() }))
  }

  /** Something that a shutdown waits for; it must not fail. */
  track(rest: Promise<void>, tenantId: string | null = null): void {
    const tracked: Promise<void> = rest.then(() => void this.#unfinished.delete(tracked))
    this.#unfinished.set(tracked, tenantId)
  }

  async finish(): Promise<void> {
    while (this.#unfinished.size > 0) await Promise.all(this.#unfinished.keys())
  }
}
