import { SessionError } from '../errors.js'
import { type Clock, checkTenantId } from '../ports/index.js'
import type { Session } from '../session-api.js'
import { bounded } from './bounded.js'
import type { PairingCodes } from './pairing-codes.js'
import { ok, type Reply, refusal } from './reply.js'
import type { ApiRequest, Route } from './route.js'
import type { Supervised } from './supervised.js'
import type { TenantList } from './tenant-list.js'

export interface TenantRouteParts {
  readonly supervisor: Supervised
  readonly tenants: TenantList
  readonly codes: PairingCodes
  readonly clock: Clock
  /** Longest that a request waits for what it asked for. */
  readonly operationLimitMs: number
}

type Action = (tenantId: string, request: ApiRequest) => Promise<unknown>

export function tenantRoutes(parts: TenantRouteParts): Route[] {
  const { supervisor, tenants, codes } = parts
  const act = (name: string, action: Action): Route => ({
    method: 'POST',
    path: `/tenants/:id/${name}`,
    handle: async (request) => {
      const tenantId = request.params.id!
      await tenants.one(tenantId)
      const what = `${name} of tenant ${tenantId}`
      await bounded(action(tenantId, request), parts.operationLimitMs, what, parts.clock)
      return ok(await tenants.one(tenantId))
    },
  })
  return [
    { method: 'GET', path: '/tenants', handle: async () => ok(await listed(tenants)) },
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
    act('backup', (id) => runningOf(supervisor, id).backupNow()),
    act('audit', (id) => runningOf(supervisor, id).auditNow()),
    act('logout', (id, { body }) => supervisor.logout(id, { force: flagOf(body, 'force') })),
  ]
}

async function listed(tenants: TenantList) {
  const { tenants: all, isComplete } = await tenants.all()
  return { tenants: all, registry: isComplete ? 'ok' : 'unavailable' }
}

/** 201 for a tenant that was not known, 200 for one that was: it is started all the same. */
async function add({ supervisor, tenants, clock, operationLimitMs }: TenantRouteParts, { body }: ApiRequest) {
  const tenantId = checkTenantId(body.tenantId)
  const pairing = pairingOf(body)
  const isKnown = supervisor.get(tenantId) !== undefined || (await supervisor.tenant(tenantId)) !== null
  await bounded(supervisor.start(tenantId, { pairing }), operationLimitMs, `start of ${tenantId}`, clock)
  return ok(await tenants.one(tenantId), isKnown ? 200 : 201)
}

function showCode(codes: PairingCodes, tenantId: string): Reply {
  const current = codes.get(tenantId)
  if (current === null) {
    return refusal(404, 'missing', `Tenant ${tenantId} shows no code now: it is not waiting to be paired.`)
  }
  const { kind, code, shownAt } = current
  return ok({ tenantId, kind, code, shownAt: new Date(shownAt).toISOString() })
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
