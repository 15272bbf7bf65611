// @ts-check
import { sortKeys } from './list-order.js'

/**
 * @typedef {object} ListRoute
 * @property {'list'} page
 * @property {string} text
 * @property {string | null} status a status, `UNPROTECTED`, or null for all
 * @property {import('./list-order.js').SortKey} sort
 * @property {boolean} isDescending
 */
/** @typedef {{ page: 'tenant', tenantId: string }} TenantRoute */
/** @typedef {ListRoute | TenantRoute} Route */

/**
 * @param {string} hash
 * @returns {Route}
 */
export function parseRoute(hash) {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?')
  const [page, id, rest] = path.split('/')
  if (page === 'tenants' && id && rest === undefined) {
    const tenantId = decoded(id)
    if (tenantId !== null) return { page: 'tenant', tenantId }
  }
  const wanted = new URLSearchParams(query)
  const sort = sortKeys.find((key) => key === wanted.get('sort')) ?? 'tenantId'
  return {
    page: 'list',
    text: wanted.get('q') ?? '',
    status: wanted.get('status'),
    sort,
    isDescending: wanted.has('desc'),
  }
}

/** @param {string} tenantId */
export function tenantHash(tenantId) {
  return `#/tenants/${encodeURIComponent(tenantId)}`
}

/** @param {Omit<ListRoute, 'page'>} route */
export function listHash({ text, status, sort, isDescending }) {
  const query = new URLSearchParams()
  if (text) query.set('q', text)
  if (status) query.set('status', status)
  if (sort !== 'tenantId') query.set('sort', sort)
  if (isDescending) query.set('desc', '')
  const asText = query.toString().replace('desc=', 'desc')
  return asText ? `#/?${asText}` : '#/'
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}
