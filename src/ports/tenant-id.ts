import { SessionError } from '../errors.js'

/** Longest tenant id, in characters: object keys and file names of it stay far below the 255 bytes of a path segment. */
export const maxTenantIdLength = 128

const allowed = /^[A-Za-z0-9_-][A-Za-z0-9_.@-]*$/

/**
 * Checks a tenant id before any path or object key is made of it, and returns it unchanged.
 * The alphabet is closed (`A-Z a-z 0-9 _ - . @`, not starting with a dot) because the storage client does not
 * encode paths: `..`, `%2e`, `#` and `?` would reach another tenant's objects and report success.
 * @throws SessionError `invalid`
 */
export function checkTenantId(value: unknown): string {
  const problem = tenantIdProblem(value)
  if (problem === null) return value as string
  throw new SessionError(
    'invalid',
    `Tenant id refused: ${problem}. Use 1 to ${maxTenantIdLength} characters of A-Z a-z 0-9 _ - . @, not starting with a dot; nothing was touched.`,
  )
}

function tenantIdProblem(value: unknown): string | null {
  if (typeof value !== 'string') return `expected a string, got ${value === null ? 'null' : typeof value}`
  if (value.length === 0) return 'it is empty'
  if (value.length > maxTenantIdLength) return `it has ${value.length} characters`
  if (value.startsWith('.')) return 'it starts with a dot'
  if (value.includes('..')) return 'it contains ".."'
  return allowed.test(value) ? null : 'it contains a character outside the allowed set'
}
