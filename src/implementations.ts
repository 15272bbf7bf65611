import { fromCallback, fromPromise } from 'xstate'
import {
  backoffMs,
  jitterMs,
  type LinkEvent,
  linkMachine,
  type MachineDelays,
  retryMs,
  type SocketCommand,
  tenantMachine,
} from '../machines/index.js'
import { abandon } from './actors/abandon.js'
import { acquireLease } from './actors/acquire-lease.js'
import { backup } from './actors/backup.js'
import type { Host } from './actors/host.js'
import { release } from './actors/release.js'
import { restore } from './actors/restore.js'
import { setAside } from './actors/set-aside.js'
import type { TenantWork } from './actors/tenant-work.js'
import { wipe } from './actors/wipe.js'
import { forLog, isDefect } from './errors.js'
import type { LiveLink, Logger, Random } from './ports/index.js'

/** What one tenant's machine is wired to. */
export interface Wiring {
  readonly work: TenantWork
  /** The lease has another owner now. */
  leaseLost(): void
  /** The tenant is to stay stopped. */
  stopped(): void
  /** Waits for the tenant's turn to connect; `free` gives the turn to the next one. */
  turnToConnect(aborted: AbortSignal): Promise<{ free(): void }>
  /** Makes a connection; what it reports goes to `send`. */
  connect(send: (event: LinkEvent) => void): LiveLink
  /** Ends the connection, if there is one, at once. */
  cutConnection(): void
}

type WiredHost = Host & { readonly settings: MachineDelays & { readonly maxRetries: number } }

/**
 * The machines with real actors, one pair for all tenants of a process (a machine of its own took a tenant a
 * millisecond to build): an actor finds its tenant's wiring by the actor system that it belongs to. The only place
 * where `.provide()` is called.
 */
export class ImplementedMachines {
  readonly tenant: ReturnType<typeof implementedTenant>
  readonly #wirings = new WeakMap<object, Wiring>()

  constructor(host: WiredHost) {
    this.tenant = implementedTenant(host, ({ system }) => this.#wirings.get(system)!)
  }

  /** To be called with a tenant's actor before it is started. */
  wire(actor: { readonly system: object }, wiring: Wiring): void {
    this.#wirings.set(actor.system, wiring)
  }
}

type WiringOf = (scope: { system: object }) => Wiring

function implementedTenant(host: WiredHost, wiringOf: WiringOf) {
  const { settings: delays } = host
  const tracked = <T>(scope: { system: object }, run: (work: TenantWork) => Promise<T>): Promise<T> => {
    const { work } = wiringOf(scope)
    return work.track(run(work)).catch((error: unknown) => {
      throw told(host.logger, work.tenantId, error)
    })
  }
  return tenantMachine.provide({
    actors: {
      link: implementedLink(host, wiringOf),
      acquireLease: fromPromise((scope) => {
        const { leaseLost: onLost, stopped: onStopped } = wiringOf(scope)
        return tracked(scope, (work) => acquireLease(host, work, { onLost, onStopped }))
      }),
      restore: fromPromise((scope) => tracked(scope, (work) => restore(host, work))),
      backup: fromPromise((scope) => tracked(scope, (work) => backup(host, work, scope.input))),
      sealFiles: fromPromise((scope) =>
        tracked(scope, async (work) => {
          await work.folder?.refuseWrites()
          // A link's machine that failed has not ended its connection.
          wiringOf(scope).cutConnection()
        }),
      ),
      setAside: fromPromise((scope) => tracked(scope, (work) => setAside(host, work))),
      wipe: fromPromise((scope) => tracked(scope, (work) => wipe(host, work))),
      release: fromPromise((scope) => tracked(scope, (work) => release(host, work, scope.input))),
      abandon: fromPromise((scope) => tracked(scope, (work) => abandon(host, work))),
    },
    delays: {
      quietPeriod: delays.quietPeriodMs,
      maxDirtyAge: delays.maxDirtyAgeMs,
      auditInterval: () => jitterMs(delays.auditIntervalMs, host.random),
      backoff: ({ context }) => retryMs(context, delays, host.random),
      pairingTimeout: delays.pairingTimeoutMs,
      unlinkLimit: delays.unlinkLimitMs,
      closeDeadline: delays.closeDeadlineMs,
      releaseLimit: delays.releaseLimitMs,
    },
  })
}

/**
 * What a machine is told of an actor's failure. A defect has no code of its own. It is logged here, once for all actors,
 * and tried again like everything else, because a session that goes on is worth more than one that does not.
 */
function told(logger: Logger, tenantId: string, error: unknown): unknown {
  if (!isDefect(error)) return error
  logger.error({ tenantId, err: forLog(error) }, 'a step of a session failed by a defect of this program')
  return { code: 'internal' }
}

function implementedLink(host: WiredHost, wiringOf: WiringOf) {
  const { settings: delays } = host
  const random: Random = host.random
  const waits = ({ system, event }: { system: object; event: LinkEvent }, ms: number): number => {
    const code = event.type === 'socket.closed' ? event.code : null
    wiringOf({ system }).work.linkWait = { code, until: host.clock.now() + ms }
    return ms
  }
  return linkMachine.provide({
    actors: { socket: socketActor(host.logger, wiringOf) },
    guards: {
      retriesLeft: ({ context }) => delays.maxRetries === 0 || context.attempt < delays.maxRetries,
    },
    delays: {
      connectWatchdog: delays.connectWatchdogMs,
      stablePeriod: delays.stablePeriodMs,
      replacedRetry: (scope) => waits(scope, delays.replacedRetryMs),
      logoutLimit: delays.logoutLimitMs,
      stopLimit: delays.stopLimitMs,
      reconnectBackoff: (scope) => waits(scope, backoffMs(scope.context.attempt, delays, random)),
    },
  })
}

/** One socket from its turn to its end. Being stopped ends it without further events. */
function socketActor(logger: Logger, wiringOf: WiringOf) {
  return fromCallback<SocketCommand, { tenantId: string; attempt: number }>((scope) => {
    const { sendBack, receive } = scope
    const wiring = wiringOf(scope)
    const aborted = new AbortController()
    let live: LiveLink | null = null
    let free = () => {}
    const send = (event: LinkEvent) => {
      free()
      if (!aborted.signal.aborted) sendBack(event)
    }
    const closed = () => send({ type: 'socket.closed', code: 428, codesEnded: false })
    /** What a way to WhatsApp throws is a connection that closes: no session, and no process, ends by it. */
    const guarded = (doing: string, work: () => void) => {
      try {
        work()
      } catch (error) {
        logger.warn({ tenantId: wiring.work.tenantId, err: error }, `failed to ${doing}`)
        closed()
      }
    }
    void wiring.turnToConnect(aborted.signal).then((turn) => {
      free = turn.free
      if (aborted.signal.aborted) return free()
      sendBack({ type: 'socket.made' })
      guarded('connect', () => {
        live = wiring.connect(send)
      })
    })
    receive(({ type }) => {
      const connection = live
      if (connection === null) closed()
      else if (type === 'socket.stop') guarded('stop a connection', () => connection.stop())
      else guarded('log out', () => connection.logout())
    })
    return () => {
      aborted.abort()
      free()
      live?.abort()
    }
  })
}
