import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createClient } from '@supabase/supabase-js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { startSupabaseStandIn } from './stand-in/index.js'

/** The bare client's storage, without any of our care. */
function storageOf(url: string, key: string) {
  return createClient(url, key, { accessToken: async () => key, realtime: { transport: WebSocket as never } })
    .storage
}
type Storage = ReturnType<typeof storageOf>

interface Server {
  readonly admin: Storage
  readonly visitor: Storage
  readonly forger: Storage
  close(): Promise<void>
}

const json = { contentType: 'application/json' }
const document = Buffer.from('{}')
const refused = (statusCode: string, message: RegExp | string, status = 400) => ({
  data: null,
  error: expect.objectContaining({ status, statusCode, message: expect.stringMatching(message) }),
})
const nothing = { data: [], error: null }
const noPage = { data: expect.objectContaining({ hasNext: false, objects: [], folders: [] }), error: null }

describeTraps('the stand-in', async () => {
  const standIn = await startSupabaseStandIn()
  return {
    admin: storageOf(standIn.url, standIn.serviceKey),
    visitor: storageOf(standIn.url, standIn.anonKey),
    forger: storageOf(standIn.url, standIn.signToken({ role: 'service_role' }, 'another secret')),
    close: () => standIn.close(),
  }
})

const {
  SUPABASE_TEST_URL: url,
  SUPABASE_TEST_SERVICE_KEY: key,
  SUPABASE_TEST_ANON_KEY: anonKey,
} = process.env
if (url && key && anonKey) {
  describeTraps('the real server', async () => ({
    admin: storageOf(url, key),
    visitor: storageOf(url, anonKey),
    forger: storageOf(url, `${key.slice(0, -6)}AAAAAA`),
    close: async () => {},
  }))
} else {
  console.warn('NOT RUN: comparing the stand-in with a real Supabase Storage; SUPABASE_TEST_URL is not set.')
}

it('runs as a process of its own, and ends when it is told to', async () => {
  const fileAt = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))
  const child = spawn(
    process.execPath,
    [fileAt('../support/run-typescript.mjs'), fileAt('./stand-in/main.ts')],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const ended = once(child, 'exit')
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  const { url, serviceKey, anonKey, bucket } = JSON.parse(line) as Record<string, string>
  const found = await storageOf(url as string, serviceKey as string).getBucket(bucket as string)
  const hidden = await storageOf(url as string, anonKey as string).getBucket(bucket as string)
  child.kill('SIGTERM')
  expect(found).toMatchObject({ data: { id: bucket }, error: null })
  expect(hidden).toEqual(refused('404', 'Bucket not found'))
  expect(await ended).toEqual([0, null])
})

/** The same expectations on both, so that the stand-in cannot drift from what it stands in for. */
function describeTraps(name: string, start: () => Promise<Server>): void {
  describe(`traps of Supabase Storage: ${name}`, () => {
    const bucket = `traps-${process.pid}-${Math.floor(performance.now())}`
    const none = `${bucket}-none`
    let server: Server
    const files = () => server.admin.from(bucket)

    beforeAll(async () => {
      server = await start()
      const settings = { public: false, fileSizeLimit: 1000, allowedMimeTypes: ['application/json'] }
      expect(await server.admin.createBucket(bucket, settings)).toMatchObject({ error: null })
      for (const path of ['T1/a.json', 't1/b.json', 't10/g/x.json', 't1-x/y.json']) {
        const { data, error } = await files().upload(path, document, json)
        expect({ fullPath: data?.fullPath, error }).toEqual({ fullPath: `${bucket}/${path}`, error: null })
      }
    })
    afterAll(async () => {
      const { data } = await files().listV2()
      await files().remove(data?.objects.map((object) => object.name) ?? [])
      await server.admin.deleteBucket(bucket)
      await server.close()
    })

    it('answers 400 and tells the real code as text', async () => {
      expect(await files().upload('T1/a.json', document, json)).toEqual(
        refused('409', 'The resource already exists'),
      )
      expect(await files().download('T1/none')).toEqual(refused('404', 'Object not found'))
      expect(await files().download('T1')).toEqual(refused('404', 'Object not found'))
      expect(await files().upload('T1/l', Buffer.alloc(2000, 32), json)).toEqual(refused('413', 'exceeded'))
      expect(await files().upload('T1/ä', document, json)).toEqual(refused('400', 'Invalid key'))
      expect(await files().upload(`T1/${'x'.repeat(256)}`, document, json)).toEqual(refused('500', '', 500))
      expect(await server.admin.createBucket(bucket)).toEqual(refused('409', 'already exists'))
      expect(await server.admin.deleteBucket(bucket)).toEqual(refused('409', 'not empty'))
    })

    it('is strict about the type, to the parameter', async () => {
      expect(await files().upload('T1/t', document)).toEqual(refused('415', 'text/plain;charset=UTF-8'))
      const charset = { contentType: 'application/json; charset=utf-8' }
      expect(await files().upload('T1/t', document, charset)).toEqual(refused('415', 'is not supported'))
    })

    it('does not mention that a bucket is missing when listing or removing', async () => {
      const elsewhere = server.admin.from(none)
      expect(await elsewhere.list('T1')).toEqual(nothing)
      expect(await elsewhere.listV2({ prefix: 'T1/' })).toEqual(noPage)
      expect(await elsewhere.remove(['T1/a.json'])).toEqual(nothing)
      expect(await elsewhere.upload('T1/a.json', document, json)).toEqual(refused('404', 'Bucket not found'))
      expect(await elsewhere.download('T1/a.json')).toEqual(refused('404', 'Bucket not found'))
      expect(await server.admin.getBucket(none)).toEqual(refused('404', 'Bucket not found'))
    })

    it('looks empty to a visitor', async () => {
      const visitor = server.visitor.from(bucket)
      expect(await visitor.list('T1')).toEqual(nothing)
      expect(await visitor.listV2({ prefix: 'T1/' })).toEqual(noPage)
      expect(await visitor.remove(['T1/a.json'])).toEqual(nothing)
      expect(await visitor.download('T1/a.json')).toEqual(refused('404', 'Object not found'))
      expect(await visitor.upload('T1/v', document, json)).toEqual(refused('403', 'row-level security'))
      expect(await server.visitor.getBucket(bucket)).toEqual(refused('404', 'Bucket not found'))
      expect((await files().download('T1/a.json')).error).toBeNull()
    })

    it('refuses a forged key everywhere but on a download, where the account looks empty', async () => {
      const forger = server.forger.from(bucket)
      const why = 'signature verification failed'
      expect(await forger.list('T1')).toEqual(refused('403', why))
      expect(await forger.listV2({})).toEqual(refused('403', why))
      expect(await forger.remove(['T1/a.json'])).toEqual(refused('403', why))
      expect(await forger.upload('T1/f', document, json)).toEqual(refused('403', why))
      expect(await server.forger.getBucket(bucket)).toEqual(refused('403', why))
      expect(await forger.download('T1/a.json')).toEqual(refused('404', 'Bucket not found'))
    })

    it('lets the client resolve, cut and decode names, and reports success', async () => {
      const stored = async (path: string) => (await files().upload(path, document, json)).data?.fullPath
      expect(await stored(`T1/../../${bucket}/T9/escaped`)).toBe(`${bucket}/T9/escaped`)
      expect(await stored('T8/cut#off')).toBe(`${bucket}/T8/cut`)
      expect(await stored('T8/query?off')).toBe(`${bucket}/T8/query`)
      expect(await stored('T8/a%2Fb')).toBe(`${bucket}/T8/a/b`)
      await files().remove(['T9/escaped', 'T8/cut', 'T8/query', 'T8/a/b'])
    })

    it('hides folders that differ only in case from list, but not from listV2', async () => {
      const { data } = await files().list('')
      expect(data?.map((entry) => entry.name.toLowerCase())).toEqual(['t1-x', 't1', 't10'])
      const folders = (await files().listV2({ with_delimiter: true })).data?.folders
      expect(folders?.map((entry) => entry.name)).toEqual(['T1/', 't1-x/', 't1/', 't10/'])
    })

    it('pages listV2 by a cursor, in byte order', async () => {
      const names: string[] = []
      let cursor: string | undefined
      do {
        const { data } = await files().listV2({ limit: 3, ...(cursor && { cursor }) })
        names.push(...(data?.objects.map((object) => object.name) ?? []))
        cursor = data?.hasNext ? data.nextCursor : undefined
      } while (cursor)
      expect(names).toEqual(['T1/a.json', 't1-x/y.json', 't1/b.json', 't10/g/x.json'])
    })

    it('lets more than one of many concurrent uploads of a name through', async () => {
      let accepted = 0
      for (let round = 0; round < 5 && accepted < 2; round++) {
        const path = `T1/race-${round}`
        const racers = Array.from({ length: 20 }, () => files().upload(path, document, json))
        accepted = (await Promise.all(racers)).filter(({ error }) => error === null).length
        await files().remove([path])
      }
      expect(accepted).toBeGreaterThan(1)
    })
  })
}
