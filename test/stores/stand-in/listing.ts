import { type Answer, json } from './answer.js'
import { type Bucket, type Caller, describeObject, mayTouch, type StoredObject } from './buckets.js'

interface ListQuery {
  readonly prefix?: string
  readonly limit?: number
  readonly offset?: number
  readonly cursor?: string
  readonly with_delimiter?: boolean
}

/**
 * List, version 1: one folder, case-insensitive order, 100 by default, silently capped at 1500; never an error for a
 * missing bucket. Folders that differ only in case are one entry (seen on the real server: T1 hid t1).
 */
export function listV1(bucket: Bucket | undefined, caller: Caller, query: ListQuery): Answer {
  const folder = query.prefix ? `${query.prefix.replace(/\/$/, '')}/` : ''
  const entries = new Map<string, StoredObject | null>()
  for (const object of visible(bucket, caller)) {
    if (!object.name.startsWith(folder)) continue
    const [name = '', ...deeper] = object.name.slice(folder.length).split('/')
    const hidden = deeper.length > 0 && [...entries.keys()].some((one) => sameButCase(one, name))
    if (!hidden) entries.set(name, deeper.length === 0 ? object : null)
  }
  const offset = query.offset ?? 0
  const page = [...entries]
    // By the whole path: a folder sorts with its slash, after `t1-x`.
    .map(([name, object]) => ({ name, object, path: (object ? name : `${name}/`).toLowerCase() }))
    .sort((a, b) => compare(a.path, b.path))
    .slice(offset, offset + Math.min(query.limit ?? 100, 1500))
  return json(
    page.map(({ name, object }) => (object === null ? folderEntry(name) : describeObject(object, name))),
  )
}

/** List, version 2: any prefix, byte order, a cursor, at most 1000 a page; no error for a missing bucket either. */
export function listV2(bucket: Bucket | undefined, caller: Caller, query: ListQuery): Answer {
  const limit = Math.min(query.limit ?? 1000, 1000)
  const prefix = query.prefix ?? ''
  const after = query.cursor === undefined ? '' : Buffer.from(query.cursor, 'base64').toString('utf8')
  const names = new Map<string, StoredObject | null>()
  for (const object of visible(bucket, caller)) {
    if (!object.name.startsWith(prefix)) continue
    const slash = query.with_delimiter ? object.name.indexOf('/', prefix.length) : -1
    if (slash < 0) names.set(object.name, object)
    else names.set(object.name.slice(0, slash + 1), null)
  }
  const rest = [...names].sort(([a], [b]) => compare(a, b)).filter(([name]) => name > after)
  const page = rest.slice(0, limit)
  const hasNext = rest.length > limit
  const last = page.at(-1)?.[0] ?? ''
  return json({
    hasNext,
    ...(hasNext && { nextCursor: Buffer.from(last).toString('base64'), nextCursorKey: last }),
    folders: page.filter(([, object]) => object === null).map(([name]) => ({ name, key: name.slice(0, -1) })),
    objects: page.flatMap(([, object]) => (object === null ? [] : [describeObject(object)])),
  })
}

function visible(bucket: Bucket | undefined, caller: Caller): StoredObject[] {
  return [...(bucket?.objects.values() ?? [])].filter((object) => mayTouch(caller, object.name))
}

function sameButCase(a: string, b: string): boolean {
  return a !== b && a.toLowerCase() === b.toLowerCase()
}

function folderEntry(name: string): object {
  return { name, id: null, created_at: null, updated_at: null, last_accessed_at: null, metadata: null }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
