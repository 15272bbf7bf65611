// @ts-check

/** Tells `signedOut` when an answer says that nobody is signed in. */
export const session = new EventTarget()

/** What the server refused, with its own words: they say what to do. */
export class ApiError extends Error {
  /**
   * @param {number} status 0: there was no answer
   * @param {string} code
   * @param {string} message
   */
  constructor(status, code, message) {
    super(message)
    this.status = status
    this.code = code
  }
}

/**
 * @template T
 * @param {string} path
 * @param {AbortSignal} [signal]
 * @returns {Promise<T>}
 */
export function get(path, signal) {
  return ask('GET', path, undefined, signal)
}

/**
 * @template T
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<T>}
 */
export function post(path, body = {}) {
  return ask('POST', path, body)
}

/** @param {string} tenantId */
export function pathOf(tenantId) {
  return `/tenants/${encodeURIComponent(tenantId)}`
}

/**
 * @param {string} method
 * @param {string} path
 * @param {object | undefined} body
 * @param {AbortSignal} [signal]
 */
async function ask(method, path, body, signal) {
  const response = await fetch(`.${path}`, {
    method,
    signal: signal ?? null,
    credentials: 'same-origin',
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  }).catch((error) => {
    if (signal?.aborted) throw error
    throw new ApiError(
      0,
      'unreachable',
      'The server does not answer. Is it running? Nothing is known to have happened.',
    )
  })
  const text = await response.text()
  if (response.ok) return parsed(text)
  const { error } = parsed(text) ?? {}
  if (response.status === 401 && path !== '/session') session.dispatchEvent(new Event('signedOut'))
  const fallback = `The server answered ${response.status} without saying why; see its log.`
  throw new ApiError(response.status, error?.code ?? 'unknown', error?.message ?? fallback)
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
