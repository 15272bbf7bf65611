import { and, assign, fromCallback, sendParent, sendTo, setup, stateIn } from 'xstate'
import type { LinkContext, LinkEnd, LinkEvent, TenantEvent, TenantRef } from './contracts.js'
import { backoffMs, defaultDelays } from './delays.js'
import { disconnectPolicy } from './disconnect.js'

/** What the socket actor is told. */
export type SocketCommand = { type: 'socket.stop' } | { type: 'socket.logout' }

type TellTenant = TenantEvent | ((args: { context: LinkContext; event: LinkEvent }) => TenantEvent)

const tellTenant = (event: TellTenant) =>
  sendParent<LinkContext, LinkEvent, undefined, TenantEvent, LinkEvent>(event)

/**
 * The connection to WhatsApp of one tenant: makes sockets, watches them, and decides by the close code what follows.
 * It tells its tenant `link.connecting`, `link.code`, `link.open`, `link.waiting` and, once, `link.ended`.
 */
export const linkMachine = setup({
  types: {
    context: {} as LinkContext,
    events: {} as LinkEvent,
    input: {} as TenantRef,
    output: {} as { reason: LinkEnd },
  },
  actors: {
    /** One Baileys socket: from made to closed. It sends `socket.*` events and ends the socket when stopped. */
    socket: fromCallback<SocketCommand, TenantRef & { attempt: number }>(() => {
      throw new Error('Actor "socket" was not provided; see src/implementations.ts.')
    }),
  },
  delays: {
    connectWatchdog: defaultDelays.connectWatchdogMs,
    stablePeriod: defaultDelays.stablePeriodMs,
    replacedRetry: defaultDelays.replacedRetryMs,
    logoutLimit: defaultDelays.logoutLimitMs,
    stopLimit: defaultDelays.stopLimitMs,
    reconnectBackoff: ({ context }) => backoffMs(context.attempt, defaultDelays, () => 0.5),
  },
  guards: {
    codesEnded: ({ event }) => event.type === 'socket.closed' && event.codesEnded,
    restarts: ({ event }) => policyOf(event).kind === 'restart',
    retriesOnce: ({ context, event }) => policyOf(event).kind === 'retryOnce' && context.replacedCount === 0,
    retries: ({ context, event }) => {
      const policy = policyOf(event)
      return policy.kind === 'retry' && context.attempt < policy.limit
    },
    logoutAsked: ({ context }) => context.logoutAsked,
    /** The user's own limit on counted reconnects; none by default. */
    retriesLeft: ({ context }) => context.attempt < Number.POSITIVE_INFINITY,
  },
  actions: {
    countAttempt: assign({ attempt: ({ context }) => context.attempt + 1 }),
    countReplaced: assign({ replacedCount: ({ context }) => context.replacedCount + 1 }),
    forgetAttempts: assign({ attempt: 0, replacedCount: 0 }),
    rememberCode: assign({
      lastCode: ({ context, event }) => (event.type === 'socket.closed' ? event.code : context.lastCode),
    }),
    rememberLogout: assign({ logoutAsked: true }),
    endByPolicy: assign({ end: ({ event }) => endOf(event) }),
    endAsked: assign({ end: ({ context }): LinkEnd => (context.logoutAsked ? 'failed' : 'stopped') }),
    endUnlinked: assign({ end: ({ event }): LinkEnd => (unlinkedBy(event) ? 'unlinked' : 'failed') }),
    endExpired: assign({ end: 'pairingExpired' }),
    endFailed: assign({ end: 'failed' }),
    stopSocket: sendTo('socket', { type: 'socket.stop' }),
    logoutSocket: sendTo('socket', { type: 'socket.logout' }),
    tellConnecting: tellTenant({ type: 'link.connecting' }),
    tellOpen: tellTenant({ type: 'link.open' }),
    tellWaiting: tellTenant({ type: 'link.waiting' }),
    tellCode: tellTenant(({ event }) => ({
      type: 'link.code',
      kind: event.type === 'socket.code' ? event.kind : 'qr',
    })),
    tellEnded: tellTenant(({ context }) => ({ type: 'link.ended', reason: context.end ?? 'failed' })),
  },
}).createMachine({
  id: 'link',
  context: ({ input }) => ({
    tenantId: input.tenantId,
    attempt: 0,
    replacedCount: 0,
    lastCode: null,
    logoutAsked: false,
    end: null,
  }),
  initial: 'idle',
  on: {
    'link.stop': { target: '.ended', actions: 'endAsked' },
  },
  states: {
    idle: {
      on: {
        'link.start': 'online',
        'link.logout': { target: 'ended', actions: ['rememberLogout', 'endAsked'] },
      },
    },
    online: {
      initial: 'queued',
      entry: 'tellConnecting',
      invoke: {
        id: 'socket',
        src: 'socket',
        input: ({ context }) => ({ tenantId: context.tenantId, attempt: context.attempt }),
        // Told to end, it never connects again, whatever its socket does.
        onError: [
          { guard: stateIn({ online: 'stopping' }), target: '#link.ended', actions: 'endAsked' },
          { guard: stateIn({ online: 'loggingOut' }), target: '#link.ended', actions: 'endFailed' },
          { target: '#link.waiting.backingOff', actions: 'countAttempt' },
        ],
      },
      on: {
        'link.stop': '.stopping',
        'link.logout': { actions: 'rememberLogout' },
        'socket.closed': [
          { guard: 'codesEnded', target: '#link.ended', actions: ['rememberCode', 'endExpired'] },
          { guard: 'restarts', target: '#link.online', reenter: true, actions: 'rememberCode' },
          {
            guard: 'retriesOnce',
            target: '#link.waiting.afterReplaced',
            actions: ['rememberCode', 'countReplaced'],
          },
          {
            guard: and(['retries', 'retriesLeft']),
            target: '#link.waiting.backingOff',
            actions: ['rememberCode', 'countAttempt'],
          },
          { target: '#link.ended', actions: ['rememberCode', 'endByPolicy'] },
        ],
      },
      states: {
        // The process limits how many connect at a time, and what must be durable first is waited for.
        queued: {
          on: { 'socket.made': 'connecting' },
        },
        connecting: {
          on: {
            'socket.open': 'opened',
            'socket.code': { target: 'pairing', actions: 'tellCode' },
          },
          after: { connectWatchdog: { target: '#link.waiting.backingOff', actions: 'countAttempt' } },
        },
        pairing: {
          on: {
            'socket.code': { actions: 'tellCode' },
            'socket.open': 'opened',
            'link.logout': { target: '#link.ended', actions: ['rememberLogout', 'endAsked'] },
          },
        },
        opened: {
          entry: 'tellOpen',
          always: { guard: 'logoutAsked', target: 'loggingOut' },
          on: {
            'link.logout': { target: 'loggingOut', actions: 'rememberLogout' },
          },
          after: { stablePeriod: { actions: 'forgetAttempts' } },
        },
        loggingOut: {
          entry: 'logoutSocket',
          on: {
            'link.logout': {},
            'socket.closed': { target: '#link.ended', actions: ['rememberCode', 'endUnlinked'] },
          },
          after: { logoutLimit: { target: '#link.ended', actions: 'endFailed' } },
        },
        stopping: {
          entry: 'stopSocket',
          on: {
            'link.stop': {},
            'link.logout': {},
            'socket.closed': { target: '#link.ended', actions: ['rememberCode', 'endAsked'] },
          },
          after: { stopLimit: { target: '#link.ended', actions: 'endAsked' } },
        },
      },
    },
    waiting: {
      initial: 'backingOff',
      entry: 'tellWaiting',
      on: {
        // To unlink the device it must be connected once more, without waiting.
        'link.logout': { target: 'online', actions: 'rememberLogout' },
      },
      states: {
        backingOff: { after: { reconnectBackoff: '#link.online' } },
        afterReplaced: { after: { replacedRetry: '#link.online' } },
      },
    },
    ended: { type: 'final', entry: 'tellEnded' },
  },
  output: ({ context }) => ({ reason: context.end ?? 'failed' }),
})

function policyOf(event: LinkEvent) {
  return disconnectPolicy(event.type === 'socket.closed' ? event.code : 0)
}

function endOf(event: LinkEvent): LinkEnd {
  const policy = policyOf(event)
  if (policy.kind === 'end') return policy.end
  return policy.kind === 'restart' ? 'failed' : policy.thenEnd
}

/** WhatsApp confirms a logout by closing the socket as logged out. */
function unlinkedBy(event: LinkEvent): boolean {
  return event.type === 'socket.closed' && event.code === 401
}
