import { SessionError } from '../errors.js'
import { isKeyFileName, keyFileType } from '../ports/key-file-name.js'
import type { ObjectStore } from '../ports/object-store.js'
import { textOfUtf8 } from '../utf8.js'
import { hashKeyFile, parseKeyFile } from './hash.js'
import { inParallel } from './in-parallel.js'
import { asObject, readLegacyKeys } from './legacy-keys.js'
import { credsFile } from './marks.js'

const keysFile = 'keys.json'

export interface LegacySession {
  /** Key files to import, name → content; creds.json is among them. */
  readonly files: ReadonlyMap<string, string>
  /** What was there and is not imported: types and counts, no names. Say it to the operator. */
  readonly notUnderstood: readonly string[]
  readonly downloads: number
}

/**
 * Recognises the older layout of a bucket: `{tenantId}/creds.json`, perhaps `keys.json`, perhaps the key files
 * themselves beside it. Ask only when no generation exists (`findHead` gave null). Nothing in the store is changed.
 * Null is proof that there is no creds.json.
 * @throws `corrupt` creds.json is there and damaged: never pair over it · what the store throws
 */
export async function findLegacySession(
  store: ObjectStore,
  tenantId: string,
  { limit = 8 }: { limit?: number } = {},
): Promise<LegacySession | null> {
  const prefix = `${tenantId}/`
  const names = (await store.list(prefix)).map(({ key }) => key.slice(prefix.length))
  if (!names.includes(credsFile)) return null
  const wanted = names.filter(isKeyFileName)
  const bodies = await inParallel(wanted, limit, (name) => store.get(prefix + name))
  const texts = new Map(wanted.map((name, i) => [name, textOf(bodies[i]!)]))
  const creds = credsOf(texts.get(credsFile)!, tenantId)
  const keys = texts.get(keysFile)
  texts.delete(keysFile)
  texts.delete(credsFile)
  const { files, notUnderstood } = mergeKeys(keys, texts, creds.keys)
  files.set(credsFile, creds.content)
  return { files, notUnderstood, downloads: wanted.length }
}

/** Empty, which is damaged, for what is not UTF-8: a replacement character would be another key. */
function textOf(body: Uint8Array): string {
  try {
    return textOfUtf8(body)
  } catch {
    return ''
  }
}

/** creds.json alone, or the single-file format's `{ creds, keys }`. */
function credsOf(text: string, tenantId: string): { content: string; keys: string | null } {
  const value = asObject(parseKeyFile(text))
  if (value === null || hashKeyFile(text, credsFile) === null) {
    throw new SessionError(
      'corrupt',
      `The older backup ${tenantId}/${credsFile} is damaged. It was left as it is: replace it by a whole copy, or remove it to pair again.`,
    )
  }
  const creds = asObject(value.creds)
  if (creds === null) return { content: text, keys: null }
  return { content: JSON.stringify(creds), keys: JSON.stringify({ keys: value.keys ?? {} }) }
}

/** Plain files win over keys.json: they are what Baileys itself reads and writes. */
function mergeKeys(keysText: string | undefined, plain: ReadonlyMap<string, string>, inner: string | null) {
  const files = new Map<string, string>()
  const notUnderstood: string[] = []
  for (const text of [inner, keysText]) {
    if (text === null || text === undefined) continue
    const keys = readLegacyKeys(text)
    if (keys === null) notUnderstood.push(`${keysFile}: no JSON object`)
    else if (keys.notUnderstood > 0)
      notUnderstood.push(`${keysFile}: ${keys.notUnderstood} entries of unknown shape`)
    for (const [name, content] of keys?.files ?? []) files.set(name, content)
  }
  const damaged = new Map<string, number>()
  for (const [name, content] of plain) {
    if (hashKeyFile(content, name) !== null) files.set(name, content)
    else damaged.set(keyFileType(name), (damaged.get(keyFileType(name)) ?? 0) + 1)
  }
  for (const [type, count] of damaged) notUnderstood.push(`${count} damaged files of type ${type}`)
  return { files, notUnderstood }
}
