import { SessionError } from '../errors.js'
import { type Clock, checkTenantId } from '../ports/index.js'
import type { Session } from '../session-api.js'
import { bounded } from './bounded.js'
import { notBackedUp } from './not-backed-up.js'
import type { PairingCodes } from './pairing-codes.js'
import { qrModules } from './qr-modules.js'
import { ok, type Reply, refusal } from './reply.js'
import type { ApiRequest, Route } from './route.js'
import type { Supervised } from './supervised.js'
import type { TenantList } from './tenant-list.js'
import type { TenantView } from './tenant-view.js'

export interface TenantRouteParts {
  readonly supervisor: Supervised
  readonly tenants: TenantList
  readonly codes: PairingCodes
  readonly clock: Clock
  /** Longest that a request waits for what it asked for. */
  readonly operationLimitMs: number
  /** Somebody asked for something, and it was done, or failed. */
  readonly acted: (tenantId: string, verb: string, error: unknown) => void
}

type Action = (tenantId: string, request: ApiRequest) => Promise<unknown>

/** What is answered in place of an error. @throws what else is wrong */
type Failed = (session: Session | undefined, error: unknown) => Reply

export function tenantRoutes(parts: TenantRouteParts): Route[] {
  const { supervisor, tenants, codes } = parts
  const act = (name: string, action: Action, failed?: Failed): Route => ({
    method: 'POST',
    path: `/tenants/:id/${name}`,
    handle: async (request) => {
      const tenantId = request.params.id!
      const view = await tenants.one(tenantId)
      // That a tenant is to stop is written into the registry, and holds for every host.
      if (name !== 'stop') refuseElsewhere(view, name)
      const doing = perform(parts, tenantId, name, () => action(tenantId, request))
      const refused = await doing.then(() => null, failed?.bind(null, supervisor.get(tenantId)))
      return refused ?? ok(await tenants.one(tenantId))
    },
  })
  return [
    { method: 'GET', path: '/tenants', handle: async ({ query }) => ok(await listed(tenants, query)) },
    { method: 'POST', path: '/tenants', handle: (request) => add(parts, request) },
    {
      method: 'GET',
      path: '/tenants/:id',
      handle: async ({ params }) => ok(await tenants.one(params.id!)),
    },
    {
      method: 'GET',
      path: '/tenants/:id/code',
      handle: async ({ params }) => {
        await tenants.one(params.id!)
        return showCode(codes, params.id!)
      },
    },
    act('start', (id, { body }) => supervisor.start(id, { pairing: pairingOf(body) })),
    act('stop', (id) => supervisor.stop(id)),
    act('backup', (id) => runningOf(supervisor, id).backupNow(), notBackedUp),
    act('audit', (id) => runningOf(supervisor, id).auditNow(), notBackedUp),
    act('logout', (id, request) => {
      checkConfirmed(id, request)
      return supervisor.logout(id, { force: flagOf(request.body, 'force') })
    }),
  ]
}

async function perform(
  { acted, clock, operationLimitMs }: TenantRouteParts,
  tenantId: string,
  verb: string,
  action: () => Promise<unknown>,
): Promise<void> {
  try {
    await bounded(action(), operationLimitMs, `${verb} of tenant ${tenantId}`, clock)
    acted(tenantId, verb, null)
  } catch (error) {
    acted(tenantId, verb, error)
    throw error
  }
}

async function listed(tenants: TenantList, query: URLSearchParams) {
  const { tenants: all, isComplete } = await tenants.all()
  const filter = (query.get('filter') ?? '').toLowerCase()
  const fits = ({ tenantId, status, state }: TenantView) =>
    [tenantId, status, state].some((text) => text.toLowerCase().includes(filter))
  return { tenants: filter === '' ? all : all.filter(fits), registry: isComplete ? 'ok' : 'unavailable' }
}

/** 201 for a tenant that was not known, 200 for one that was: it is started all the same. */
async function add(parts: TenantRouteParts, { body }: ApiRequest) {
  const { supervisor, tenants } = parts
  const tenantId = checkTenantId(body.tenantId)
  const pairing = pairingOf(body)
  const record = await supervisor.tenant(tenantId)
  const isKnown = supervisor.get(tenantId) !== undefined || record !== null
  refuseElsewhere(tenants.view(tenantId, record), 'start')
  await perform(parts, tenantId, 'start', () => supervisor.start(tenantId, { pairing }))
  return ok(await tenants.one(tenantId), isKnown ? 200 : 201)
}

function showCode(codes: PairingCodes, tenantId: string): Reply {
  const current = codes.get(tenantId)
  if (current === null) {
    return refusal(404, 'missing', `Tenant ${tenantId} shows no code now: it is not waiting to be paired.`)
  }
  const { kind, code, shownAt } = current
  const drawing = kind === 'qr' ? qrModules(code) : {}
  return ok({ tenantId, kind, code, shownAt: new Date(shownAt).toISOString(), ...drawing })
}

/** A session that another host runs can only be stopped from here. */
function refuseElsewhere({ tenantId, runs, host }: TenantView, verb: string): void {
  if (runs !== 'elsewhere') return
  throw new SessionError(
    'leased',
    `Tenant ${tenantId} runs on host ${host}; ask that host to ${verb} it, or stop it here and try again. Nothing was touched.`,
  )
}

/** A person has seen what goes and has meant it. Programs, as the command line, ask in their own way. */
function checkConfirmed(tenantId: string, { body, caller }: ApiRequest): void {
  if (body.confirm === tenantId || (body.confirm === undefined && !caller.isPage)) return
  throw new SessionError(
    'invalid',
    `A logout unlinks the device and deletes the session and every backup: send {"confirm": "${tenantId}"} to say that it is meant. Nothing was touched.`,
  )
}

function runningOf(supervisor: Supervised, tenantId: string): Session {
  const session = supervisor.get(tenantId)
  if (session !== undefined && session.result === null) return session
  throw new SessionError('ended', `Tenant ${tenantId} does not run in this process; start it first.`)
}

function pairingOf({ phoneNumber }: ApiRequest['body']): { phoneNumber?: string } {
  if (phoneNumber === undefined || phoneNumber === null) return {}
  const isPlausible = typeof phoneNumber === 'string' && /^\+?[\d\s().-]{5,30}$/.test(phoneNumber)
  const digits = isPlausible ? phoneNumber.replace(/\D/g, '') : ''
  // E.164 allows 15 digits.
  if (digits.length >= 6 && digits.length <= 15) return { phoneNumber: digits }
  throw new SessionError(
    'invalid',
    'phoneNumber refused: expected 6 to 15 digits with the country code, e.g. "+62 812 0000 0001"; nothing was touched.',
  )
}

function flagOf(body: ApiRequest['body'], name: string): boolean {
  const value = body[name] ?? false
  if (typeof value === 'boolean') return value
  throw new SessionError('invalid', `${name} refused: expected true or false; nothing was touched.`)
}
