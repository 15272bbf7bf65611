import { randomBytes } from 'node:crypto'
import { createClient } from '@supabase/supabase-js'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { setupSupabaseBucket, supabaseStore } from '../../src/stores/index.js'
import { body, describeObjectStore } from '../conformance/object-store.suite.js'

const url = process.env.SUPABASE_TEST_URL
const key = process.env.SUPABASE_TEST_SERVICE_KEY
const anonKey = process.env.SUPABASE_TEST_ANON_KEY
const given = url !== undefined && key !== undefined && anonKey !== undefined

if (given) describeReal(url, key, anonKey)
else {
  console.warn(
    'NOT RUN: the stores suite on a real Supabase; set SUPABASE_TEST_URL, SUPABASE_TEST_SERVICE_KEY and SUPABASE_TEST_ANON_KEY.',
  )
  it.skip('runs on a real Supabase (SUPABASE_TEST_URL, _SERVICE_KEY and _ANON_KEY are not set)')
}

function describeReal(url: string, key: string, anonKey: string): void {
  const admin = createClient(url, key, {
    auth: { persistSession: false, autoRefreshToken: false },
    realtime: { transport: WebSocket as never },
  })
  const newBucketName = () => `session-supervisor-test-${randomBytes(6).toString('hex')}`
  const dropBucket = async (bucket: string) => {
    for (const store = supabaseStore({ url, key, bucket }); ; ) {
      const keys = []
      for (const tenant of await store.listTenants()) keys.push(...(await store.list(`${tenant}/`)))
      await store.remove(keys.map((info) => info.key))
      if (keys.length === 0) break
    }
    const { error } = await admin.storage.deleteBucket(bucket)
    if (error !== null) throw error
  }

  describeObjectStore('supabase, on a real server', async () => {
    const bucket = newBucketName()
    const maxObjectBytes = 4_000_000
    await setupSupabaseBucket({ url, key, bucket, maxObjectBytes })
    const open = () => supabaseStore({ url, key, bucket, timeoutMs: 30_000 })
    const cleanUp = () => dropBucket(bucket)
    return { store: open(), reopen: open, atomicPut: false, maxObjectBytes, cleanUp }
  })

  describe('a real Supabase', () => {
    it('is set up once, mended, and then left alone', async () => {
      const bucket = newBucketName()
      await admin.storage.createBucket(bucket, { public: true })
      const first = await setupSupabaseBucket({ url, key, bucket })
      const second = await setupSupabaseBucket({ url, key, bucket })
      const { data } = await admin.storage.getBucket(bucket)
      await dropBucket(bucket)
      expect(first.actions.join('\n')).toMatch(/made private[\s\S]*size limit set[\s\S]*allowed types set/)
      expect(second.actions[0]).toMatch(/nothing to do/)
      expect(data).toMatchObject({ public: false, file_size_limit: 52_428_800 })
      expect(data?.allowed_mime_types).toEqual(['application/json'])
    })

    it.each([
      ['the anon key', () => anonKey],
      ['a forged service key', () => `${key.slice(0, -4)}AAAA`],
      ['no key at all', () => 'nonsense'],
    ])('never lets %s see an empty store', async (_, badKey) => {
      const bucket = newBucketName()
      await setupSupabaseBucket({ url, key, bucket })
      const store = supabaseStore({ url, key: badKey(), bucket })
      const calls = [
        () => store.check(),
        () => store.get('tenant/a.json'),
        () => store.list('tenant/'),
        () => store.listTenants(),
        () => store.remove(['tenant/a.json']),
        () => store.put('tenant/a.json', body('x')),
      ]
      const codes = []
      for (const call of calls) codes.push(await call().then(String, (error) => error.code))
      await dropBucket(bucket)
      expect(codes).toEqual(calls.map(() => 'denied'))
    })

    it('says that a bucket is missing, for every call', async () => {
      const store = supabaseStore({ url, key, bucket: newBucketName() })
      const calls = [
        () => store.check(),
        () => store.get('tenant/a.json'),
        () => store.list('tenant/'),
        () => store.listTenants(),
        () => store.remove(['tenant/a.json']),
        () => store.put('tenant/a.json', body('x')),
      ]
      for (const call of calls) {
        await expect(call()).rejects.toMatchObject({
          code: 'missing',
          message: expect.stringContaining('bucket'),
        })
      }
    })
  })
}
