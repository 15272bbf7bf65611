import { assign, cancel, enqueueActions, not, or, raise, sendTo, setup, stateIn } from 'xstate'
import {
  type BackupInput,
  type BackupOutput,
  type CloseReason,
  notProvided,
  type ReleaseInput,
  type RestoreInput,
  type RestoreOutput,
  type TenantContext,
  type TenantEvent,
  type TenantInput,
  type TenantOutput,
  type TenantRef,
} from './contracts.js'
import { defaultDelays, retryMs } from './delays.js'
import { linkMachine } from './link.machine.js'

const isDirty = (context: TenantContext) => context.changeSeq > context.savedSeq
const isUrgent = (context: TenantContext) => context.urgentSeq > context.savedSeq

/**
 * One tenant's session, from the search for it to its orderly end. Pure: actors are placeholders that fail when they
 * are not provided. Delays are functions so that the provider can add jitter.
 */
export const tenantMachine = setup({
  types: {
    context: {} as TenantContext,
    events: {} as TenantEvent,
    input: {} as TenantInput,
    output: {} as TenantOutput,
  },
  actors: {
    link: linkMachine,
    acquireLease: notProvided<{ epoch: number }, TenantRef>('acquireLease'),
    restore: notProvided<RestoreOutput, RestoreInput>('restore'),
    backup: notProvided<BackupOutput, BackupInput>('backup'),
    /** Refuses key writes from now on: what comes after a socket's end belongs to nobody. */
    sealFiles: notProvided<void, TenantRef>('sealFiles'),
    /** Keeps a logged-out session aside and marks the tenant, so that its next start pairs. */
    setAside: notProvided<void, TenantRef>('setAside'),
    /** Deletes the session in the store, the registry and on disk, and verifies that it is gone. */
    wipe: notProvided<void, TenantRef>('wipe'),
    release: notProvided<void, ReleaseInput>('release'),
    /** Closes the local copy with no write anywhere: it belongs to another owner now. */
    abandon: notProvided<void, TenantRef>('abandon'),
  },
  delays: {
    quietPeriod: defaultDelays.quietPeriodMs,
    maxDirtyAge: defaultDelays.maxDirtyAgeMs,
    auditInterval: defaultDelays.auditIntervalMs,
    backoff: ({ context }) => retryMs(context, defaultDelays, () => 0.5),
    pairingTimeout: defaultDelays.pairingTimeoutMs,
    unlinkLimit: defaultDelays.unlinkLimitMs,
    closeDeadline: defaultDelays.closeDeadlineMs,
    releaseLimit: defaultDelays.releaseLimitMs,
  },
  guards: {
    dirty: ({ context }) => isDirty(context),
    urgent: ({ context }) => isUrgent(context),
    auditDue: ({ context }) => context.auditDue,
    changeIsUrgent: ({ event }) => event.type === 'files.changed' && event.urgent,
    hasOpened: ({ context }) => context.hasOpened,
    linkHasEnded: ({ context }) => context.link === 'ended',
    isPairing: ({ context }) => context.codeKind !== null,
    codeExpected: ({ context }) => !context.hasSession && context.mayPair,
    unpaired: ({ context }) => !context.hasSession,
    /** These have limits of their own; an abandoned deletion would leave half a session. */
    boundElsewhere: or([
      stateIn({ closing: 'loggingOut' }),
      stateIn({ closing: 'wiping' }),
      stateIn({ closing: 'releasing' }),
      stateIn({ closing: 'abandoning' }),
    ]),
    loggedOut: ({ context }) => context.reason === 'loggedOut',
    /** It lacks what was known before it was asked for. Another one at once would, too: a circle that nothing ends. */
    fellShort: ({ context, event }) => coveredBy(event) < context.askedSeq,
    fenced: ({ event }) => errorCode(event) === 'fenced',
  },
  actions: {
    noteChange: assign(({ context, event }) => {
      if (event.type !== 'files.changed') return {}
      return {
        changeSeq: Math.max(context.changeSeq, event.position),
        urgentSeq: event.urgent ? Math.max(context.urgentSeq, event.position) : context.urgentSeq,
        // A code was shown and key files appear: the phone has scanned it, a session exists from now on.
        hasSession: context.hasSession || event.urgent,
      }
    }),
    rememberAudit: assign({ auditDue: true }),
    rememberAsked: assign({
      auditDue: ({ context, event }) => context.auditDue || (event.type === 'session.backup' && event.audit),
    }),
    armAudit: raise({ type: 'audit.due' }, { delay: 'auditInterval', id: 'audit' }),
    disarmAudit: cancel('audit'),
    noteFailure: assign({
      attempt: ({ context }) => context.attempt + 1,
      lastError: ({ event }) => errorCode(event),
    }),
    noteSuccess: assign({ attempt: 0, lastError: null }),
    noteAsked: assign({ askedSeq: ({ context }) => context.changeSeq }),
    noteCovered: assign({
      savedSeq: ({ context, event }) => Math.max(context.savedSeq, coveredBy(event)),
    }),
    noteShort: assign({ attempt: ({ context }) => context.attempt + 1, lastError: 'internal' }),
    linkConnecting: assign({ link: 'connecting' }),
    linkWaiting: assign({ link: 'waiting' }),
    linkPairing: assign({
      link: 'pairing',
      codeKind: ({ context, event }) => (event.type === 'link.code' ? event.kind : context.codeKind),
    }),
    linkOpen: assign({ link: 'open', hasOpened: true, hasSession: true, codeKind: null }),
    linkEnded: assign({
      link: 'ended',
      reason: ({ context, event }) =>
        context.reason ?? (event.type === 'link.ended' ? event.reason : 'failed'),
    }),
    linkFailed: assign({ link: 'ended', reason: 'failed' }),
    /** While closing, how the link ended matters only for a logout: was the device unlinked? */
    linkStopped: assign({
      link: 'ended',
      lastError: ({ context, event }) =>
        context.reason === 'deleted' && event.type === 'link.ended' && event.reason !== 'unlinked'
          ? 'notUnlinked'
          : context.lastError,
    }),
    startLink: sendTo('link', { type: 'link.start' }),
    stopLink: enqueueActions(({ context, enqueue }) => {
      if (context.link !== 'ended') enqueue.sendTo('link', { type: 'link.stop' })
    }),
    logoutLink: sendTo('link', { type: 'link.logout' }),
    becauseStopped: assign({ reason: 'stopped' }),
    becauseDeleted: assign({ reason: 'deleted' }),
    becauseLeaseLost: assign({ reason: 'leaseLost' }),
    becausePairingTimeout: assign({ reason: 'pairingTimeout' }),
    becausePairingRefused: assign({ reason: 'pairingRefused' }),
    noteWipeFailed: assign({ lastError: 'wipeFailed' }),
    noteNotUnlinked: assign({ lastError: 'notUnlinked' }),
  },
}).createMachine({
  id: 'tenant',
  context: ({ input }) => ({
    tenantId: input.tenantId,
    mayPair: input.mayPair,
    epoch: 0,
    changeSeq: 0,
    savedSeq: 0,
    urgentSeq: 0,
    askedSeq: 0,
    attempt: 0,
    auditDue: false,
    hasSession: false,
    hasOpened: false,
    link: 'idle',
    codeKind: null,
    reason: null,
    lastError: null,
  }),
  initial: 'restoring',
  entry: 'armAudit',
  invoke: {
    id: 'link',
    src: 'link',
    input: ({ context }) => ({ tenantId: context.tenantId }),
    onDone: {},
    onError: { target: '.closing.sealing', actions: ['linkFailed', 'noteFailure'] },
  },
  on: {
    'files.changed': { actions: 'noteChange' },
    'audit.due': { actions: ['rememberAudit', 'armAudit'] },
    'session.backup': { actions: 'rememberAsked' },
    'session.stop': { target: '.closing', actions: 'becauseStopped' },
    'session.logout': { target: '.closing.loggingOut', actions: 'becauseDeleted' },
    'lease.lost': { target: '.closing.abandoning', actions: 'becauseLeaseLost' },
    'link.connecting': { actions: 'linkConnecting' },
    'link.waiting': { actions: 'linkWaiting' },
    'link.code': [
      { guard: 'isPairing', actions: 'linkPairing' },
      { target: '.closing', actions: 'becausePairingRefused' },
    ],
    'link.open': { actions: 'linkOpen' },
    'link.ended': { target: '.closing.sealing', actions: 'linkEnded' },
  },
  states: {
    restoring: {
      initial: 'acquiring',
      on: {
        'link.open': { target: 'connected', actions: 'linkOpen' },
        'link.code': [
          { guard: 'codeExpected', target: 'pairing', actions: 'linkPairing' },
          { target: 'closing', actions: 'becausePairingRefused' },
        ],
      },
      states: {
        acquiring: {
          invoke: {
            id: 'acquireLease',
            src: 'acquireLease',
            input: ({ context }) => ({ tenantId: context.tenantId }),
            onDone: { target: 'fetching', actions: assign({ epoch: ({ event }) => event.output.epoch }) },
            onError: { target: 'waiting', actions: 'noteFailure' },
          },
        },
        fetching: {
          invoke: {
            id: 'restore',
            src: 'restore',
            input: ({ context }) => ({ tenantId: context.tenantId, epoch: context.epoch }),
            onDone: {
              target: 'opening',
              actions: [
                assign({
                  hasSession: ({ event }) => event.output.session === 'found',
                  changeSeq: ({ event }) => event.output.changeSeq,
                  savedSeq: ({ event }) => event.output.savedSeq,
                }),
                'noteSuccess',
                'startLink',
              ],
            },
            onError: [
              {
                guard: 'fenced',
                target: '#tenant.closing.abandoning',
                actions: ['noteFailure', 'becauseLeaseLost'],
              },
              { target: 'waiting', actions: 'noteFailure' },
            ],
          },
        },
        opening: {
          initial: 'clean',
          states: {
            clean: {
              always: [
                { guard: 'urgent', target: '#tenant.backing-up' },
                { guard: 'dirty', target: 'dirty' },
              ],
            },
            dirty: {
              always: { guard: 'urgent', target: '#tenant.backing-up' },
              after: { maxDirtyAge: '#tenant.backing-up' },
            },
          },
        },
        waiting: { after: { backoff: 'acquiring' } },
      },
    },
    pairing: {
      initial: 'showingCode',
      on: {
        'link.open': { target: 'connected', actions: 'linkOpen' },
        'files.changed': [
          { guard: 'changeIsUrgent', target: 'backing-up', actions: 'noteChange' },
          { actions: 'noteChange' },
        ],
      },
      states: {
        showingCode: {
          on: { 'link.connecting': { target: 'restarting', actions: 'linkConnecting' } },
        },
        restarting: {
          always: { guard: 'urgent', target: '#tenant.backing-up' },
          on: {
            'files.changed': [
              { guard: 'changeIsUrgent', target: '#tenant.backing-up', actions: 'noteChange' },
              { target: 'restarting', reenter: true, actions: 'noteChange' },
            ],
            'link.code': [
              { guard: 'codeExpected', target: 'showingCode', actions: 'linkPairing' },
              { target: '#tenant.closing', actions: 'becausePairingRefused' },
            ],
          },
          after: { maxDirtyAge: { guard: 'dirty', target: '#tenant.backing-up' } },
        },
      },
      after: {
        pairingTimeout: { guard: 'unpaired', target: 'closing', actions: 'becausePairingTimeout' },
      },
    },
    connected: {
      initial: 'checking',
      on: {
        'session.backup': { target: 'backing-up', actions: 'rememberAsked' },
      },
      states: {
        checking: {
          always: [
            { guard: 'auditDue', target: '#tenant.backing-up' },
            { guard: 'urgent', target: '#tenant.backing-up' },
            { guard: 'dirty', target: 'dirty' },
            { target: 'clean' },
          ],
        },
        clean: {
          on: {
            'files.changed': [
              { guard: 'changeIsUrgent', target: '#tenant.backing-up', actions: 'noteChange' },
              { target: 'dirty', actions: 'noteChange' },
            ],
            'audit.due': { target: '#tenant.backing-up', actions: ['rememberAudit', 'armAudit'] },
          },
        },
        dirty: {
          initial: 'settling',
          on: {
            'audit.due': { target: '#tenant.backing-up', actions: ['rememberAudit', 'armAudit'] },
          },
          after: { maxDirtyAge: '#tenant.backing-up' },
          states: {
            settling: {
              on: {
                'files.changed': [
                  { guard: 'changeIsUrgent', target: '#tenant.backing-up', actions: 'noteChange' },
                  { target: 'settling', reenter: true, actions: 'noteChange' },
                ],
              },
              after: { quietPeriod: '#tenant.backing-up' },
            },
          },
        },
      },
    },
    'backing-up': {
      initial: 'uploading',
      states: {
        uploading: {
          entry: 'noteAsked',
          invoke: {
            id: 'backup',
            src: 'backup',
            input: ({ context }) => ({
              tenantId: context.tenantId,
              audit: context.auditDue,
              priority: isUrgent(context) ? ('urgent' as const) : ('ordinary' as const),
            }),
            onDone: [
              { guard: 'fellShort', target: 'waiting', actions: 'noteShort' },
              {
                target: 'resuming',
                actions: [
                  'noteCovered',
                  assign({ auditDue: ({ context, event }) => context.auditDue && !event.output.audited }),
                  'noteSuccess',
                ],
              },
            ],
            onError: [
              {
                guard: 'fenced',
                target: '#tenant.closing.abandoning',
                actions: ['noteFailure', 'becauseLeaseLost'],
              },
              { target: 'waiting', actions: 'noteFailure' },
            ],
          },
        },
        waiting: {
          on: { 'session.backup': { target: 'uploading', actions: 'rememberAsked' } },
          after: { backoff: 'uploading' },
        },
        resuming: {
          always: [
            { guard: 'hasOpened', target: '#tenant.connected' },
            { guard: 'isPairing', target: '#tenant.pairing.restarting' },
            { target: '#tenant.restoring.opening' },
          ],
        },
      },
    },
    closing: {
      initial: 'draining',
      entry: 'disarmAudit',
      on: {
        // Said again, or too late: what has begun is finished.
        'session.stop': {},
        'session.logout': {},
        'link.ended': { actions: 'linkStopped' },
      },
      after: { closeDeadline: { guard: not('boundElsewhere'), target: '.releasing' } },
      states: {
        loggingOut: {
          entry: 'logoutLink',
          always: { guard: 'linkHasEnded', target: 'wiping' },
          after: { unlinkLimit: { target: 'wiping', actions: 'noteNotUnlinked' } },
        },
        wiping: {
          entry: 'stopLink',
          invoke: {
            id: 'wipe',
            src: 'wipe',
            input: ({ context }) => ({ tenantId: context.tenantId }),
            onDone: 'releasing',
            onError: { target: 'releasing', actions: 'noteWipeFailed' },
          },
        },
        draining: {
          entry: 'stopLink',
          always: { guard: 'linkHasEnded', target: 'sealing' },
        },
        sealing: {
          invoke: {
            id: 'sealFiles',
            src: 'sealFiles',
            input: ({ context }) => ({ tenantId: context.tenantId }),
            onDone: 'flushing',
            onError: 'flushing',
          },
        },
        flushing: {
          initial: 'checking',
          states: {
            checking: {
              always: [
                { guard: 'dirty', target: 'uploading' },
                { guard: 'loggedOut', target: '#tenant.closing.settingAside' },
                { target: '#tenant.closing.releasing' },
              ],
            },
            uploading: {
              entry: 'noteAsked',
              invoke: {
                id: 'finalBackup',
                src: 'backup',
                input: ({ context }) => ({
                  tenantId: context.tenantId,
                  audit: false,
                  priority: 'closing' as const,
                }),
                onDone: [
                  { guard: 'fellShort', target: 'waiting', actions: 'noteShort' },
                  { target: 'checking', actions: ['noteCovered', 'noteSuccess'] },
                ],
                onError: [
                  {
                    guard: 'fenced',
                    target: '#tenant.closing.abandoning',
                    actions: ['noteFailure', 'becauseLeaseLost'],
                  },
                  { target: 'waiting', actions: 'noteFailure' },
                ],
              },
            },
            waiting: { after: { backoff: 'checking' } },
          },
        },
        settingAside: {
          invoke: {
            id: 'setAside',
            src: 'setAside',
            input: ({ context }) => ({ tenantId: context.tenantId }),
            onDone: 'releasing',
            onError: { target: 'releasing', actions: 'noteFailure' },
          },
        },
        releasing: {
          invoke: {
            id: 'release',
            src: 'release',
            input: ({ context }) => ({
              tenantId: context.tenantId,
              reason: reasonOf(context),
              unsaved: unsavedOf(context),
            }),
            onDone: '#tenant.closed',
            onError: '#tenant.closed',
          },
          after: { releaseLimit: '#tenant.closed' },
        },
        abandoning: {
          entry: 'stopLink',
          invoke: {
            id: 'abandon',
            src: 'abandon',
            input: ({ context }) => ({ tenantId: context.tenantId }),
            onDone: '#tenant.closed',
            onError: '#tenant.closed',
          },
          on: { 'lease.lost': {} },
          after: { releaseLimit: '#tenant.closed' },
        },
      },
    },
    closed: { type: 'final' },
  },
  output: ({ context }) => ({
    reason: reasonOf(context),
    unsaved: unsavedOf(context),
    lastError: context.lastError,
  }),
})

function reasonOf(context: TenantContext): CloseReason {
  return context.reason ?? 'failed'
}

function unsavedOf(context: TenantContext): number {
  return Math.max(0, context.changeSeq - context.savedSeq)
}

/** The closed code of a failed actor's error; `unknown` when it has none. */
function errorCode(event: object): string {
  const error = 'error' in event ? event.error : null
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null
  return typeof code === 'string' ? code : 'unknown'
}

/** The position that a finished backup says it covers; 0 when it does not say. */
function coveredBy(event: object): number {
  const output = 'output' in event ? event.output : null
  const covered = typeof output === 'object' && output !== null && 'covered' in output ? output.covered : 0
  return typeof covered === 'number' ? covered : 0
}
