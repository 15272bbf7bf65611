import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const sha = (text) => createHash('sha256').update(text).digest('hex').slice(0, 16)

/** Of what the content says: the order of an object's members says nothing. */
export function contentHash(content) {
  if (content === null) return null
  return parses(content) ? sha(JSON.stringify(sorted(JSON.parse(content)))) : sha(content)
}

function sorted(value) {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(sorted)
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, sorted(value[name])]),
  )
}

/**
 * What a session folder holds, read as somebody would who knows the format and runs none of the project's code:
 * every key file, and over them what the journal promises to redo.
 */
export function inspectFolder(folder) {
  const files = new Map()
  const unparsable = []
  if (!existsSync(folder)) return { exists: false, files, unparsable, paired: false }
  let creds = null
  const take = (name, content) => {
    if (content === null) files.delete(name)
    else files.set(name, contentHash(content))
    if (name === 'creds.json') creds = content
  }
  for (const name of readdirSync(folder)) {
    if (name.startsWith('.') || !name.endsWith('.json')) continue
    const content = readFileSync(join(folder, name), 'utf8')
    if (!parses(content)) unparsable.push(name.split('-')[0])
    take(name, content)
  }
  const { batches, damaged } = readBatches(join(folder, '.journal'))
  if (damaged) unparsable.push('journal')
  for (const [name, content] of batches.flat()) {
    if (content !== null && !parses(content)) unparsable.push(`${name.split('-')[0]} in the journal`)
    take(name, content)
  }
  return { exists: files.size > 0, files, unparsable, paired: isPaired(creds) }
}

/** Lines of checksum, space, JSON. Only the last may be torn: it was never acknowledged. */
function readBatches(path) {
  const batches = []
  if (!existsSync(path)) return { batches, damaged: false }
  const lines = readFileSync(path, 'utf8').split('\n')
  lines.pop()
  const good = lines.map((line) => line.slice(0, 16) === sha(line.slice(17)))
  const damaged = good.slice(0, -1).includes(false)
  for (const [index, line] of lines.entries()) {
    if (!good[index]) continue
    const [kind, , files] = JSON.parse(line.slice(17))
    if (kind === 'batch') batches.push(files)
  }
  return { batches, damaged }
}

function parses(content) {
  try {
    return JSON.parse(content) !== undefined
  } catch {
    return false
  }
}

function isPaired(creds) {
  if (creds === null || !parses(creds)) return false
  const { me, account } = JSON.parse(creds)
  return Boolean(me?.id && account)
}

/** What the worker said about its writes: acknowledged ones must be on disk, later ones may be. */
export class Acknowledged {
  /** Name → hashes that may be on disk, the acknowledged one first. */
  #allowed = new Map()
  #started = new Map()

  constructor(files = new Map()) {
    for (const [name, hash] of files) this.#allowed.set(name, [hash])
  }

  heard(event) {
    if (event.type === 'write') {
      this.#started.set(event.write, event.files)
      for (const [name, hash] of event.files) this.#allowed.set(name, [...this.#hashes(name), hash])
    }
    if (event.type !== 'written') return
    const files = this.#started.get(event.write)
    this.#started.delete(event.write)
    for (const [name, hash] of files) {
      const hashes = this.#hashes(name)
      this.#allowed.set(name, hashes.slice(hashes.indexOf(hash, 1)))
    }
  }

  /** Types of the files that are neither what was acknowledged last nor what was being written. */
  missingIn(files) {
    const missing = []
    for (const [name, hashes] of this.#allowed) {
      if (!hashes.includes(files.get(name) ?? null)) missing.push(name.split('-')[0])
    }
    return missing
  }

  /** Numbers of files of a write that was not acknowledged, of which some are there and some are not. */
  tornIn(files) {
    const torn = []
    for (const [write, changes] of this.#started) {
      const others = new Set(
        [...this.#started].filter(([n]) => n !== write).flatMap(([, c]) => c.map(([n]) => n)),
      )
      const telling = changes.filter(([name, hash]) => hash !== this.#hashes(name)[0] && !others.has(name))
      const there = telling.filter(([name, hash]) => (files.get(name) ?? null) === hash).length
      if (there > 0 && there < telling.length) torn.push(`${there} of ${telling.length}`)
    }
    return torn
  }

  /** Writes that had begun and were not acknowledged. */
  get unanswered() {
    return this.#started.size
  }

  #hashes(name) {
    return this.#allowed.get(name) ?? [null]
  }
}
