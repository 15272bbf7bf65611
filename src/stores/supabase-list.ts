import type { ObjectInfo } from '../ports/index.js'
import type { StorageAccess } from './supabase-client.js'
import { answerTo, storageError, unbelievable } from './supabase-errors.js'

/** The server's own cap on a page of list-v2 (1000); asking for more gives no more. */
const pageSize = 1000

interface Page {
  readonly objects: readonly Entry[]
  readonly folders: readonly Entry[]
  readonly next: string | null
}

interface Entry {
  readonly name: string
  readonly created_at?: string
  readonly metadata?: { readonly size?: number } | null
}

/**
 * Every object under a prefix. list-v2 and not list: it takes any prefix, goes into folders, has a cursor and byte
 * order; list is per folder, in case-insensitive order, and its offset slips when objects come and go between pages.
 */
export async function listObjects(access: StorageAccess, prefix: string): Promise<ObjectInfo[]> {
  const found: ObjectInfo[] = []
  for await (const page of pages(access, { prefix })) {
    for (const entry of page.objects) {
      const key = entry.name
      if (key.startsWith(prefix)) found.push({ key, bytes: sizeOf(entry), createdAt: createdAtOf(entry) })
    }
  }
  return found
}

/** Names of the first folders, without the slash. */
export async function listFolders(access: StorageAccess): Promise<string[]> {
  const found = new Set<string>()
  for await (const page of pages(access, { with_delimiter: true })) {
    for (const entry of page.folders) found.add(entry.name.replace(/\/$/, ''))
  }
  return [...found]
}

async function* pages(
  access: StorageAccess,
  query: { prefix?: string; with_delimiter?: boolean },
): AsyncGenerator<Page> {
  let cursor: string | undefined
  do {
    const page = await onePage(access, { ...query, limit: pageSize, ...(cursor !== undefined && { cursor }) })
    yield page
    if (page.next !== null && page.next === cursor) {
      throw unbelievable('list the bucket', 'it gave the same page twice')
    }
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
}

async function onePage(
  access: StorageAccess,
  query: { prefix?: string; with_delimiter?: boolean; limit: number; cursor?: string },
): Promise<Page> {
  const action = 'list the bucket'
  const { data, error } = await answerTo(action, access.storage.from(access.bucket).listV2(query))
  if (error !== null) throw storageError(action, error)
  const page = data as {
    objects?: unknown
    folders?: unknown
    hasNext?: unknown
    nextCursor?: unknown
  } | null
  if (!isEntries(page?.objects) || !isEntries(page.folders) || typeof page.hasNext !== 'boolean') {
    throw unbelievable(action, 'the answer is not a listing')
  }
  if (!page.hasNext) return { objects: page.objects, folders: page.folders, next: null }
  if (typeof page.nextCursor !== 'string')
    throw unbelievable(action, 'more pages were announced but not named')
  return { objects: page.objects, folders: page.folders, next: page.nextCursor }
}

function isEntries(value: unknown): value is Entry[] {
  return Array.isArray(value) && value.every((entry) => typeof entry?.name === 'string')
}

function sizeOf(entry: Entry): number {
  return typeof entry.metadata?.size === 'number' ? entry.metadata.size : 0
}

/** An unreadable time counts as new, so that collection leaves the object alone. */
function createdAtOf(entry: Entry): number {
  const at = Date.parse(entry.created_at ?? '')
  return Number.isNaN(at) ? Number.MAX_SAFE_INTEGER : at
}
