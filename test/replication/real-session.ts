import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

const recorded = new URL('../data/session-20-contacts.tar.gz', import.meta.url)

/** Files of the recorded session in test/data, name → content. */
export function realSession(archive: URL | string = recorded): Map<string, string> {
  const tar = gunzipSync(readFileSync(archive))
  const files = new Map<string, string>()
  const text = (from: number, length: number) =>
    tar.toString('utf8', from, from + length).replace(/\0.*$/s, '')
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12), 8)
    const name = text(at, 100).replace(/^.*\//, '')
    if (name.endsWith('.json')) files.set(name, tar.toString('utf8', at + 512, at + 512 + size))
    at += 512 + Math.ceil(size / 512) * 512
  }
  return files
}
