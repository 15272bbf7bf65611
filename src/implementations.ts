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
import type { LiveLink, Random } from './ports/index.js'

/** What one tenant's machine is wired to. */
export interface Wiring {
  readonly host: Host
  readonly work: TenantWork
  readonly delays: MachineDelays & { readonly maxRetries: number }
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

/** The tenant's machine with real actors: the only place where `.provide()` is called. */
export function implementedTenant(wiring: Wiring) {
  const { host, work, delays } = wiring
  return tenantMachine.provide({
    actors: {
      link: implementedLink(wiring),
      acquireLease: fromPromise(() =>
        acquireLease(host, work, { onLost: wiring.leaseLost, onStopped: wiring.stopped }),
      ),
      restore: fromPromise(() => restore(host, work)),
      backup: fromPromise(({ input }) => backup(host, work, input)),
      sealFiles: fromPromise(async () => {
        await work.folder?.refuseWrites()
        // A link's machine that failed has not ended its connection.
        wiring.cutConnection()
      }),
      setAside: fromPromise(() => setAside(host, work)),
      wipe: fromPromise(() => wipe(host, work)),
      release: fromPromise(({ input }) => {
        const released = release(host, work, input)
        work.released = released.catch(() => {})
        return released
      }),
      abandon: fromPromise(() => abandon(host, work)),
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

function implementedLink(wiring: Wiring) {
  const { delays, host } = wiring
  const random: Random = host.random
  return linkMachine.provide({
    actors: { socket: socketActor(wiring) },
    guards: {
      retriesLeft: ({ context }) => delays.maxRetries === 0 || context.attempt < delays.maxRetries,
    },
    delays: {
      connectWatchdog: delays.connectWatchdogMs,
      stablePeriod: delays.stablePeriodMs,
      replacedRetry: delays.replacedRetryMs,
      logoutLimit: delays.logoutLimitMs,
      stopLimit: delays.stopLimitMs,
      reconnectBackoff: ({ context }) => backoffMs(context.attempt, delays, random),
    },
  })
}

/** One socket from its turn to its end. Being stopped ends it without further events. */
function socketActor(wiring: Wiring) {
  return fromCallback<SocketCommand, { tenantId: string; attempt: number }>(({ sendBack, receive }) => {
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
        wiring.host.logger.warn({ tenantId: wiring.work.tenantId, err: error }, `failed to ${doing}`)
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
