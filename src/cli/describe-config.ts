import type { Config } from '../config.js'

/** For people, without keys. */
export function describeStore({ store }: Config): string {
  if (store.kind === 'supabase') return `bucket ${store.bucket} of ${new URL(store.url).host}`
  return store.kind === 'directory' ? store.path : 'memory'
}

/** For people, without user and password. */
export function describeRegistry({ registry }: Config): string {
  if (registry.kind === 'postgresql') return `PostgreSQL at ${hostOf(registry.url)}`
  return registry.kind === 'pglite' ? `embedded PostgreSQL in ${registry.path}` : 'memory'
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'DATABASE_URL'
}
