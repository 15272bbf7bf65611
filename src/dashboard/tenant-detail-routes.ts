import { type ApiParts, type ApiRequest, ok, type Reply, type Route, refusal } from '../server/index.js'
import type { Generations } from './generations.js'
import type { LogoutPreviewPayload } from './payloads.js'
import type { Timeline } from './timeline.js'

export interface DetailParts extends ApiParts {
  readonly timeline: Timeline
  readonly generations: Generations
}

export function tenantDetailRoutes(parts: DetailParts): Route[] {
  const { tenants, timeline } = parts
  return [
    {
      method: 'GET',
      path: '/tenants/:id/timeline',
      handle: async ({ params }) => {
        await tenants.one(params.id!)
        return ok(timeline.of(params.id!))
      },
    },
    { method: 'GET', path: '/tenants/:id/generations', handle: (request) => generationsOf(parts, request) },
    {
      method: 'GET',
      path: '/tenants/:id/logout-preview',
      handle: async ({ params }) => ok(await logoutPreview(parts, params.id!)),
    },
  ]
}

async function generationsOf({ generations }: DetailParts, { params, query }: ApiRequest): Promise<Reply> {
  const before = query.get('before')
  if (before !== null && !/^\d{1,10}$/.test(before)) {
    return refusal(400, 'invalid', 'before refused: expected the number of a backup, as given in `next`.')
  }
  const counts = query.get('count') === 'files'
  return ok(await generations.page(params.id!, before === null ? null : Number(before), counts))
}

/** What a person should know before saying yes. A store that does not answer does not keep it from being shown. */
async function logoutPreview(
  { tenants, supervisor, generations }: DetailParts,
  tenantId: string,
): Promise<LogoutPreviewPayload> {
  const view = await tenants.one(tenantId)
  const stored = await generations.list(tenantId).catch(() => null)
  const sum = (field: 'objects' | 'bytes') => stored?.reduce((total, each) => total + each[field], 0) ?? null
  return {
    tenantId,
    device: deviceOf(view),
    phoneNumber: view.phoneNumber,
    generations: stored?.length ?? null,
    objects: sum('objects'),
    bytes: sum('bytes'),
    localFiles: supervisor.localFiles(tenantId),
    unprotectedChanges: view.unprotectedChanges,
    problem:
      view.runs === 'elsewhere'
        ? `It runs on host ${view.host}; log it out there, or stop it and try again.`
        : null,
  }
}

function deviceOf({ runs, link, status, phoneNumber }: Awaited<ReturnType<ApiParts['tenants']['one']>>) {
  if (status === 'LOGGED_OUT') return 'notLinked'
  if (runs === 'here' && link === 'open') return 'linked'
  if (runs === 'here' && link === 'pairing') return 'notLinked'
  return phoneNumber === null ? 'unknown' : 'linked'
}
