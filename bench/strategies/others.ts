import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { writeSession } from '../sessions.js'
import type { BlobStore } from './blob-store.js'

/** A way to back one session's directory up, as one finds it in guides and in people's bots. */
export interface Strategy {
  /** Everything that is not in the store yet, as far as the strategy sees it. */
  backup(): Promise<void>
  /** Finds out whether the store has what the disk has; null where nothing can be compared. */
  readonly audit: (() => Promise<void>) | null
  /** On an empty disk. */
  restore(): Promise<void>
  /** Files that its backups cover. */
  covers(name: string): boolean
}

/** Where a session is, on the disk and in the store. */
export interface Place {
  readonly folder: string
  readonly tenantId: string
}

export type StrategyMaker = (store: BlobStore, place: Place) => Strategy

/** creds.json, every time. What it does not save is lost with the disk. */
const naive: StrategyMaker = (store, { folder, tenantId }) => ({
  backup: () => store.put(`${tenantId}/creds.json`, readFileSync(join(folder, 'creds.json'))),
  audit: null,
  restore: async () => {
    const creds = await store.get(`${tenantId}/creds.json`)
    writeSession(folder, new Map([['creds.json', creds.toString()]]))
  },
  covers: (name) => name === 'creds.json',
})

/** One object a file, those whose hash changed. An audit is the same: it reads and hashes everything each time. */
const perFile: StrategyMaker = (store, { folder, tenantId }) => {
  const known = new Map<string, string>()
  const backup = async () => {
    const uploads: Promise<void>[] = []
    for (const name of readdirSync(folder)) {
      const body = readFileSync(join(folder, name))
      const hash = createHash('sha256').update(body).digest('hex')
      if (known.get(name) === hash) continue
      uploads.push(store.put(`${tenantId}/${name}`, body).then(() => void known.set(name, hash)))
    }
    await Promise.all(uploads)
  }
  const restore = async () => {
    const files = new Map<string, string>()
    const fetch = async (key: string) =>
      void files.set(key.slice(tenantId.length + 1), (await store.get(key)).toString())
    await Promise.all((await store.list(tenantId)).map(fetch))
    writeSession(folder, files)
  }
  return { backup, audit: backup, restore, covers: () => true }
}

/** The whole directory as one compressed object, every time. It knows of no other audit than to send all again. */
const archive: StrategyMaker = (store, { folder, tenantId }) => {
  const key = `${tenantId}/session.json.gz`
  const backup = async () => {
    const files = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')])
    await store.put(key, gzipSync(JSON.stringify(Object.fromEntries(files))))
  }
  const restore = async () => {
    const files = JSON.parse(gunzipSync(await store.get(key)).toString()) as Record<string, string>
    writeSession(folder, new Map(Object.entries(files)))
  }
  return { backup, audit: backup, restore, covers: () => true }
}

export const others = { 'creds only': naive, 'a file an object': perFile, archive } as const
export const strategyNames = ['creds only', 'a file an object', 'archive', 'ours'] as const
export type StrategyName = (typeof strategyNames)[number]
