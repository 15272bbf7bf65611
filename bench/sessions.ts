import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { realSession } from '../test/replication/real-session.js'

export type Files = Map<string, string>

/** What Baileys has on disk after pairing: 811 pre-keys, whatever else grows with the contacts. */
const preKeys = 811
const filesAtPairing = 860

/**
 * A session of `count` files in the proportions of a real one (test/data): the same kinds, sizes and texts, with every
 * key replaced by random bytes of its length, so that nothing compresses better than it would in life. Up to 860 files
 * the proportions are those of a session with 20 contacts; beyond, contacts and groups are added, not pre-keys.
 */
export function generateSession(count: number): Files {
  const real = realSession(join(process.cwd(), 'test/data/session-20-contacts.tar.gz'))
  const kinds = kindsOf(real)
  const files: Files = new Map([['creds.json', withOtherKeys(real.get('creds.json')!)]])
  const wanted = Math.round((Math.min(count, filesAtPairing) * preKeys) / filesAtPairing)
  for (let id = 1; files.size < wanted; id++)
    files.set(`pre-key-${id}.json`, withOtherKeys(kinds.preKeys[id % kinds.preKeys.length]!))
  for (let n = 0; files.size < count; n++) {
    const [name, content] = kinds.others[n % kinds.others.length]!
    const round = Math.floor(n / kinds.others.length)
    files.set(round === 0 ? name : name.replace(/\.json$/, `-${round}.json`), withOtherKeys(content))
  }
  return files
}

/** `count` files that traffic changes (sessions and sender keys), with their new contents. */
export function changed(files: Files, count: number): Files {
  return rewritten(files, busyNames(files, count))
}

/**
 * Names of `count` files that traffic changes; of others, in a session that has too few of them. Files without a key in
 * them (what a sender key was sent to) would stay as they are.
 */
export function busyNames(files: Files, count: number): string[] {
  const found: string[] = []
  for (const wanted of [true, false]) {
    for (const [name, content] of files) {
      if (found.length === count) return found
      if (/^(session|sender-key)-/.test(name) === wanted && content.search(key) >= 0) found.push(name)
    }
  }
  return found
}

/** These files with other keys in them. */
export function rewritten(files: Files, names: readonly string[]): Files {
  return new Map(names.map((name) => [name, withOtherKeys(files.get(name)!)]))
}

export function writeSession(folder: string, files: ReadonlyMap<string, string>): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (const [name, content] of files) writeFileSync(join(folder, name), content, { mode: 0o600 })
}

export function bytesOf(files: ReadonlyMap<string, string>): number {
  return [...files.values()].reduce((sum, content) => sum + content.length, 0)
}

function kindsOf(real: ReadonlyMap<string, string>) {
  const all = [...real].filter(([name]) => name !== 'creds.json')
  return {
    preKeys: all.filter(([name]) => name.startsWith('pre-key-')).map(([, content]) => content),
    others: all.filter(([name]) => !name.startsWith('pre-key-')),
  }
}

/** A text in base64 of 20 characters and more, or an array of 16 bytes and more. */
const key = /"([A-Za-z0-9+/]{20,}={0,2})"|\[(\d{1,3}(?:,\d{1,3}){15,})\]/g

/** A text in base64 is a key, or (a sender key's) JSON with keys in it. */
function withOtherKeys(content: string): string {
  return content.replace(key, (_, text: string | undefined, array: string) => {
    if (text === undefined) return `[${[...randomBytes(array.split(',').length)].join(',')}]`
    const bytes = Buffer.from(text, 'base64')
    const isJson = bytes[0] === 0x5b && bytes[1] === 0x7b
    const other = isJson ? Buffer.from(withOtherKeys(bytes.toString())) : randomBytes(bytes.length)
    return `"${other.toString('base64')}"`
  })
}
