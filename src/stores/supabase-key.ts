/**
 * What a Supabase API key may do, judged by its form alone (nothing is verified).
 *
 * - `service`: a JWT with the role `service_role` (legacy service key): passes row level security.
 * - `secret`: `sb_secret_…`, the newer form of the same.
 * - `anon`: a JWT with any other role (`anon`, a signed-in user's `authenticated`, …): sees an empty bucket.
 * - `publishable`: `sb_publishable_…`, the newer form of `anon`.
 * - `unknown`: neither.
 */
export type SupabaseKeyKind = 'service' | 'anon' | 'publishable' | 'secret' | 'unknown'

/** Tells what kind of key it is. Never throws, never keeps the key. */
export function describeSupabaseKey(key: string): SupabaseKeyKind {
  if (key.startsWith('sb_publishable_')) return 'publishable'
  if (key.startsWith('sb_secret_')) return 'secret'
  const role = roleOf(key)
  if (role === null) return 'unknown'
  return role === 'service_role' ? 'service' : 'anon'
}

function roleOf(key: string): string | null {
  const [, payload, signature, ...more] = key.split('.')
  if (payload === undefined || signature === undefined || more.length > 0) return null
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
    const role = (claims as { role?: unknown } | null)?.role
    return typeof role === 'string' ? role : null
  } catch {
    return null
  }
}
