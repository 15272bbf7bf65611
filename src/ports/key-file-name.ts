/** Longest name of a key file, in bytes: a segment of a path on the usual file systems. */
export const maxKeyFileNameBytes = 255

/** Printable ASCII without the characters that mean something in a path; Baileys' `fixFileName` removes `/` and `:`. */
const allowed = /^(?!\.)[ -.0-9;-[\]-~]+\.json$/

/**
 * True for the name of a key file, as it may be used inside a session's folder: ends in `.json`, does not start with
 * a dot, is no path, at most {@link maxKeyFileNameBytes} bytes. Everything that names a file (a batch, a generation
 * from the store, a directory listing) passes here before it touches a path.
 */
export function isKeyFileName(value: unknown): value is string {
  return typeof value === 'string' && value.length <= maxKeyFileNameBytes && allowed.test(value)
}

/** Longest first, so that `sender-key-memory` is not taken for a `sender-key`. */
const knownTypes = [
  'app-state-sync-version',
  'app-state-sync-key',
  'sender-key-memory',
  'identity-key',
  'device-list',
  'lid-mapping',
  'sender-key',
  'pre-key',
  'session',
  'tctoken',
] as const

/** What a key file is about; `other` for types that a later Baileys adds (they are kept like all others). */
export type KeyFileType = (typeof knownTypes)[number] | 'creds' | 'other'

/**
 * The type of a key file by its name. Names hold phone numbers: logs, errors and metrics show the type and nothing
 * else of a name.
 */
export function keyFileType(name: string): KeyFileType {
  if (name === 'creds.json') return 'creds'
  return knownTypes.find((type) => name.startsWith(`${type}-`)) ?? 'other'
}
