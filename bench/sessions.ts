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
  const busy = [...files.keys()].filter((name) => /^(session|sender-key)-/.test(name))
  const names = busy.length >= count ? busy : [...files.keys()]
  return new Map(names.slice(0, count).map((name) => [name, withOtherKeys(files.get(name)!)]))
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

/** Texts in base64 of 20 characters and more are keys, or (a sender key's) JSON with keys in it. */
function withOtherKeys(content: string): string {
  return content.replace(/"([A-Za-z0-9+/]{20,}={0,2})"/g, (_, key: string) => {
    const bytes = Buffer.from(key, 'base64')
    const isJson = bytes[0] === 0x5b && bytes[1] === 0x7b
    const other = isJson ? Buffer.from(withOtherKeys(bytes.toString())) : randomBytes(bytes.length)
    return `"${other.toString('base64')}"`
  })
}
