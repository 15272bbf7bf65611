import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import PQueue from 'p-queue'
import { writeSession } from '../sessions.js'
import type { BlobStore } from './blob-store.js'

/** A way to back a session's directory up, as one finds it in guides and in people's bots. */
export interface Strategy {
  /** Everything that is not in the store yet, as far as the strategy sees it. */
  backup(folder: string): Promise<void>
  /** On an empty disk. */
  restore(folder: string): Promise<void>
}

/** creds.json, every time. What it does not save is lost with the disk. */
export function naive(store: BlobStore): Strategy {
  return {
    backup: (folder) => store.put('t/creds.json', readFileSync(join(folder, 'creds.json'))),
    restore: async (folder) => {
      const creds = await store.get('t/creds.json')
      writeSession(folder, new Map([['creds.json', creds.toString()]]))
    },
  }
}

/** One object a file, those whose hash changed, through a queue. */
export function perFile(store: BlobStore, limit: number): Strategy {
  const known = new Map<string, string>()
  const queue = new PQueue({ concurrency: limit })
  return {
    backup: async (folder) => {
      const uploads: Promise<void>[] = []
      for (const name of readdirSync(folder)) {
        const body = readFileSync(join(folder, name))
        const hash = createHash('sha256').update(body).digest('hex')
        if (known.get(name) === hash) continue
        const upload = async () => {
          await store.put(`t/${name}`, body)
          known.set(name, hash)
        }
        uploads.push(queue.add(upload))
      }
      await Promise.all(uploads)
    },
    restore: async (folder) => {
      const files = new Map<string, string>()
      const fetch = async (key: string) => void files.set(key.slice(2), (await store.get(key)).toString())
      await queue.addAll((await store.list('t')).map((key) => () => fetch(key)))
      writeSession(folder, files)
    },
  }
}

/** The whole directory as one compressed object, every time. */
export function archive(store: BlobStore): Strategy {
  return {
    backup: async (folder) => {
      const files = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')])
      await store.put('t/session.json.gz', gzipSync(JSON.stringify(Object.fromEntries(files))))
    },
    restore: async (folder) => {
      const files = JSON.parse(gunzipSync(await store.get('t/session.json.gz')).toString()) as Record<
        string,
        string
      >
      writeSession(folder, new Map(Object.entries(files)))
    },
  }
}
