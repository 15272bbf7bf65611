import { isKeyFileName, keyFileType } from '../ports/key-file-name.js'
import { parseKeyFile } from './hash.js'

/** Names that the single-file format of Baileys 4 gave to the types (its `KEY_MAP`). */
const olderTypeNames: Readonly<Record<string, string>> = {
  preKeys: 'pre-key',
  sessions: 'session',
  senderKeys: 'sender-key',
  senderKeyMemory: 'sender-key-memory',
  appStateSyncKeys: 'app-state-sync-key',
  appStateVersions: 'app-state-sync-version',
}

export interface LegacyKeys {
  /** File name → content. */
  readonly files: ReadonlyMap<string, string>
  /** Entries that no known shape explains; they were left out. */
  readonly notUnderstood: number
}

/**
 * Reads a `keys.json` of hand-made backups into key files. Baileys never wrote one, so its shape is whatever a bot's
 * author chose: `{ "pre-key-1": value }`, the same with `.json` at the end, `{ "pre-key": { "1": value } }`, or the
 * single-file format's `{ "preKeys": { "1": value } }`, each also under `keys`. A value that is a string of JSON is
 * taken as the JSON. Types that are not known yet are taken from names that end in `.json`.
 */
export function readLegacyKeys(text: string): LegacyKeys | null {
  const value = parseKeyFile(text)
  const all = asObject(value)
  if (all === null) return null
  const inner = asObject(all.keys)
  const files = new Map<string, string>()
  let notUnderstood = 0
  for (const [name, entry] of Object.entries(inner ?? all)) {
    const understood = groupOf(name, entry) ?? single(name, entry)
    if (understood === null) notUnderstood++
    else for (const [file, content] of understood) files.set(file, content)
  }
  return { files, notUnderstood }
}

function groupOf(name: string, entry: unknown): [string, string][] | null {
  const type = olderTypeNames[name] ?? (keyFileType(`${name}-`) === name ? name : null)
  const values = type === null ? null : asObject(entry)
  if (values === null) return null
  const files: [string, string][] = []
  for (const [id, value] of Object.entries(values)) {
    const file = fileOf(`${type}-${id}`, value)
    if (file === null) return null
    files.push(file)
  }
  return files
}

function single(name: string, entry: unknown): [string, string][] | null {
  const bare = name.replace(/\.json$/, '')
  if (bare === name && keyFileType(name) === 'other') return null
  const file = fileOf(bare, entry)
  return file && [file]
}

/** As Baileys' `fixFileName` names it. */
function fileOf(id: string, value: unknown): [string, string] | null {
  const name = `${id.replaceAll('/', '__').replaceAll(':', '-')}.json`
  const content = contentOf(value)
  return isKeyFileName(name) && content !== null ? [name, content] : null
}

function contentOf(value: unknown): string | null {
  if (typeof value === 'string') {
    const parsed = parseKeyFile(value)
    return typeof parsed === 'object' ? value : JSON.stringify(value)
  }
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : null
}

export function asObject(value: unknown): Record<string, unknown> | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  return value as Record<string, unknown>
}
