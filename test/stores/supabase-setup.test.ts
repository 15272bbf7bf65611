import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeSupabaseKey, setupSupabaseBucket, supabaseStore } from '../../src/stores/index.js'
import { body } from '../conformance/object-store.suite.js'
import { newBucket } from './stand-in/buckets.js'
import { type SupabaseStandIn, startSupabaseStandIn } from './stand-in/index.js'

let standIn: SupabaseStandIn
const access = (bucket: string) => ({ url: standIn.url, key: standIn.serviceKey, bucket })

beforeAll(async () => {
  standIn = await startSupabaseStandIn({ bucket: null, maxObjectBytes: 100_000_000 })
})
afterAll(() => standIn.close())

describe('setupSupabaseBucket', () => {
  it('creates the bucket private, limited and for JSON only, and names what it cannot do', async () => {
    const { actions } = await setupSupabaseBucket(access('fresh'))
    expect(actions).toEqual([
      'created bucket "fresh": private, at most 52428800 bytes an object, JSON only',
      expect.stringContaining('prisma/supabase-storage.sql'),
    ])
    expect(standIn.buckets.get('fresh')).toMatchObject({
      public: false,
      file_size_limit: 52_428_800,
      allowed_mime_types: ['application/json'],
    })
    await supabaseStore(access('fresh')).put('tenant/a.json', body('x'))
  })

  it('says what it mends, and finds nothing to do afterwards', async () => {
    standIn.buckets.set('open', newBucket('open', { public: true, allowed_mime_types: ['image/png'] }))
    const first = await setupSupabaseBucket({ ...access('open'), maxObjectBytes: 6_000_000 })
    expect(first.actions.slice(0, -1)).toEqual([
      expect.stringMatching(/made private/),
      expect.stringMatching(/size limit set to 6000000 bytes \(there was none\)/),
      expect.stringMatching(/allowed types set to application\/json \(was image\/png\)/),
    ])
    const second = await setupSupabaseBucket({ ...access('open'), maxObjectBytes: 6_000_000 })
    expect(second.actions[0]).toBe('bucket "open": nothing to do')
  })

  it('raises a limit that is too small and keeps a larger one', async () => {
    const settings = { file_size_limit: 1_000, allowed_mime_types: ['application/json'] }
    standIn.buckets.set('small', newBucket('small', settings))
    const raised = await setupSupabaseBucket({ ...access('small'), maxObjectBytes: 5_000 })
    expect(raised.actions[0]).toMatch(/raised from 1000 to 5000 bytes/)
    const kept = await setupSupabaseBucket({ ...access('small'), maxObjectBytes: 2_000 })
    expect(kept.actions[0]).toMatch(/nothing to do/)
    expect(standIn.buckets.get('small')?.file_size_limit).toBe(5_000)
  })

  it('reports a limit above what the project allows', async () => {
    const setup = setupSupabaseBucket({ ...access('huge'), maxObjectBytes: 200_000_000 })
    await expect(setup).rejects.toMatchObject({ code: 'tooLarge' })
    expect(standIn.buckets.has('huge')).toBe(false)
  })

  it.each([
    ['the anon key', () => standIn.anonKey],
    ['a publishable key', () => standIn.publishableKey],
    ['a forged key', () => standIn.signToken({ role: 'service_role' }, 'another secret')],
    ['nonsense', () => 'nonsense'],
  ])('changes nothing with %s', async (_, key) => {
    const setup = setupSupabaseBucket({ ...access('never'), key: key() })
    await expect(setup).rejects.toMatchObject({ code: 'denied' })
    expect(standIn.buckets.has('never')).toBe(false)
  })

  it.each([0, -1, 1.5, Number.NaN])('refuses a limit of %d bytes', async (maxObjectBytes) => {
    await expect(setupSupabaseBucket({ ...access('never'), maxObjectBytes })).rejects.toMatchObject({
      code: 'invalid',
    })
  })

  it('creates nothing when it cannot tell whether the bucket exists', async () => {
    standIn.faults.next('502', 'getBucket')
    await expect(setupSupabaseBucket(access('doubt'))).rejects.toMatchObject({ code: 'unavailable' })
    expect(standIn.buckets.has('doubt')).toBe(false)
  })
})

describe('describeSupabaseKey', () => {
  const jwt = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`

  it.each([
    ['service', jwt({ role: 'service_role' })],
    ['anon', jwt({ role: 'anon' })],
    ['anon', jwt({ role: 'authenticated', sub: 'someone' })],
    ['secret', 'sb_secret_abc'],
    ['publishable', 'sb_publishable_abc'],
    ['unknown', jwt({})],
    ['unknown', 'e30.bnVsbA.sig'],
    ['unknown', 'e30.!!!.sig'],
    ['unknown', 'a.b'],
    ['unknown', 'a.b.c.d'],
    ['unknown', ''],
  ])('calls it %s: %s', (kind, key) => {
    expect(describeSupabaseKey(key)).toBe(kind)
  })
})
