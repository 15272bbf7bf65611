import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type ObjectStore, systemClock } from '../../src/ports/index.js'
import { supabaseStore } from '../../src/stores/index.js'
import { body, textOf, unsafeKeys } from '../conformance/object-store.suite.js'
import { newBucket } from './stand-in/buckets.js'
import { type FaultKind, type SupabaseStandIn, startSupabaseStandIn } from './stand-in/index.js'

let standIn: SupabaseStandIn
let serverClockAheadMs = 0
let tenants = 0
const freshKey = () => `tenant-${++tenants}/a.json`
const opened: ObjectStore[] = []

function open(changes: Partial<Parameters<typeof supabaseStore>[0]> = {}): ObjectStore {
  const { url, serviceKey: key, bucket } = standIn
  const store = supabaseStore({ url, key, bucket, timeoutMs: 5_000, ...changes })
  opened.push(store)
  return store
}

/** A store that can be made to give up soon: only where it is to, so that what must succeed has the time of a busy machine. */
function openPatient() {
  let limitMs = 5_000
  const clock = { ...systemClock, setTimeout: (run: () => void) => systemClock.setTimeout(run, limitMs) }
  const givesUpSoon = (does: boolean) => {
    limitMs = does ? 150 : 5_000
  }
  return { store: open({ clock }), givesUpSoon }
}

const calls = (store: ObjectStore) => ({
  check: () => store.check(),
  put: () => store.put(freshKey(), body('x')),
  get: () => store.get('tenant/none.json'),
  list: () => store.list('tenant/'),
  listTenants: () => store.listTenants(),
  remove: () => store.remove(['tenant/none.json']),
})
type Verb = keyof ReturnType<typeof calls>
const verbs: Verb[] = ['check', 'put', 'get', 'list', 'listTenants', 'remove']

async function codesOf(store: ObjectStore): Promise<Record<Verb, unknown>> {
  const codes = {} as Record<Verb, unknown>
  for (const [verb, call] of Object.entries(calls(store))) {
    codes[verb as Verb] = await call().then(
      () => 'done',
      (error) => error.code ?? error,
    )
  }
  return codes
}

const all = (code: string) => Object.fromEntries(verbs.map((verb) => [verb, code]))

beforeAll(async () => {
  standIn = await startSupabaseStandIn({
    bucket: 'sessions',
    now: () => Date.now() + serverClockAheadMs,
  })
})
afterEach(async () => {
  standIn.faults.clear()
  serverClockAheadMs = 0
  await Promise.all(opened.splice(0).map((store) => store.close()))
})
afterAll(() => standIn.close())

describe('a key that cannot be right', () => {
  it.each([
    ['the anon key', () => standIn.anonKey],
    ["a signed-in user's token", () => standIn.signToken({ role: 'authenticated', sub: 'tenant' })],
    ['a publishable key', () => standIn.publishableKey],
  ])('is refused before any request: %s', async (_, key) => {
    standIn.resetStats()
    const store = open({ key: key() })
    expect(await codesOf(store)).toEqual(all('denied'))
    await expect(store.check()).rejects.toThrow(/SUPABASE_SERVICE_KEY/)
    expect(standIn.stats.requests).toBe(0)
  })

  it.each([
    ['forged', () => standIn.signToken({ role: 'service_role' }, 'another secret')],
    ['expired', () => standIn.signToken({ role: 'service_role', exp: 1_700_000_000 })],
    ['garbage', () => 'not-a-key'],
    ['an unknown secret key', () => 'sb_secret_of_another_project'],
  ])('never gives `missing` or an empty list: %s', async (_, key) => {
    const badKey = key()
    const store = open({ key: badKey })
    expect(await codesOf(store)).toEqual(all('denied'))
  })

  it('is caught when it runs out between two calls', async () => {
    const exp = Math.ceil(Date.now() / 1000) + 60
    const store = open({ key: standIn.signToken({ role: 'service_role', exp }) })
    await store.check()
    await expect(store.list('nobody/')).resolves.toEqual([])
    serverClockAheadMs = 120_000
    expect(await codesOf(store)).toEqual(all('denied'))
  })

  it('is not believed about a missing bucket when its kind is not known', async () => {
    // An opaque key that some gateway turns into a visitor: getBucket says 404, as for a missing bucket.
    const asVisitor: typeof fetch = (input, init) => {
      const headers = new Headers(init?.headers)
      headers.set('authorization', `Bearer ${standIn.anonKey}`)
      return fetch(input, { ...init, headers })
    }
    const codes = await codesOf(open({ key: 'opaque', fetch: asVisitor }))
    expect(codes).toEqual(all('denied'))
  })

  it('works in both forms of a service key', async () => {
    for (const key of [standIn.serviceKey, standIn.secretKey, ` ${standIn.serviceKey}\n`]) {
      const store = open({ key })
      await store.check()
      await store.put(freshKey(), body('x'))
    }
  })
})

describe('settings that cannot be right', () => {
  it.each([
    ['no URL', { url: 'project' }],
    ['another protocol', { url: 'ftp://example.test' }],
    ['credentials in the URL', { url: 'http://user:hunter2@127.0.0.1:1' }],
    ['an empty key', { key: ' ' }],
    ['a key with a line break', { key: 'hunter2\nhunter2' }],
    ['a key with an umlaut', { key: 'hunter2ü' }],
    ['a bucket that leads elsewhere', { bucket: '../other' }],
    ['a bucket with a query', { bucket: 'a?b' }],
    ['no bucket', { bucket: '' }],
  ])('are refused at once, without quoting them: %s', (_, changes) => {
    let error: unknown
    try {
      open(changes)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toMatchObject({ name: 'SessionError', code: 'invalid' })
    expect(inspect(error, { depth: 9 })).not.toContain('hunter2')
  })
})

describe('a bucket that is not there', () => {
  it('is `missing` for every call, and an object put later is found once it is made', async () => {
    const store = open({ bucket: 'later' })
    expect(await codesOf(store)).toEqual(all('missing'))
    await expect(store.check()).rejects.toThrow(/bucket "later" does not exist.*setup/)
    standIn.buckets.set('later', newBucket('later'))
    await store.put('tenant/a.json', body('x'))
    expect(textOf(await store.get('tenant/a.json'))).toBe('x')
  })

  it('is noticed when it disappears between two calls', async () => {
    standIn.buckets.set('passing', newBucket('passing'))
    const store = open({ bucket: 'passing' })
    await store.put('tenant/none.json', body('x'))
    await expect(store.list('tenant/')).resolves.toHaveLength(1)
    standIn.buckets.delete('passing')
    expect(await codesOf(store)).toEqual(all('missing'))
  })
})

describe('a server in trouble', () => {
  const troubles: FaultKind[] = [
    'hang',
    'hangAfter',
    '500',
    '502',
    '404page',
    '200page',
    'cut',
    'reset',
    'resetAfter',
  ]

  it.each(troubles)('gives `unavailable`, never an absence: %s', async (kind) => {
    const { store, givesUpSoon } = openPatient()
    // Known to be good before, so that only the answers under fault can decide.
    await store.check()
    standIn.faults.always(kind)
    givesUpSoon(true)
    const codes = await codesOf(store)
    expect(codes).toEqual(all('unavailable'))
    standIn.faults.clear()
    givesUpSoon(false)
    await expect(store.check()).resolves.toBeUndefined()
  })

  it.each(
    troubles,
  )('does not make an absence out of a look-up that worked and a proof that did not: %s', async (kind) => {
    const { store, givesUpSoon } = openPatient()
    await store.check()
    standIn.faults.always(kind, 'getBucket')
    givesUpSoon(true)
    for (const verb of ['get', 'list', 'remove'] as const) {
      await expect(calls(store)[verb]()).rejects.toMatchObject({ code: 'unavailable' })
    }
    // What is there needs no proof of the bucket.
    givesUpSoon(false)
    const key = freshKey()
    await store.put(key, body('x'))
    standIn.faults.clear()
    await store.check()
    standIn.faults.always(kind, 'getBucket')
    expect(textOf(await store.get(key))).toBe('x')
  })

  it('is `unavailable` when nobody listens', async () => {
    const gone = await startSupabaseStandIn()
    await gone.close()
    const store = open({ url: gone.url })
    expect(await codesOf(store)).toEqual(all('unavailable'))
    await expect(store.check()).rejects.toThrow(/ECONNREFUSED/)
  })

  it.each([
    'hangAfter',
    'resetAfter',
    'cut',
  ] as const)('may have stored an upload that failed (%s), and says `exists` then', async (kind) => {
    const { store, givesUpSoon } = openPatient()
    const key = freshKey()
    await store.check()
    standIn.faults.next(kind, 'upload')
    givesUpSoon(true)
    await expect(store.put(key, body('first'))).rejects.toMatchObject({ code: 'unavailable' })
    givesUpSoon(false)
    await expect(store.put(key, body('second'))).rejects.toMatchObject({ code: 'exists' })
    expect(textOf(await store.get(key))).toBe('first')
  })

  it('never returns half of a body', async () => {
    const store = open()
    const key = freshKey()
    await store.put(key, body('y'.repeat(100_000)))
    standIn.faults.next('cut', 'download')
    await expect(store.get(key)).rejects.toMatchObject({ code: 'unavailable' })
    expect((await store.get(key)).byteLength).toBe(100_002)
  })

  it('never returns a web page for an object', async () => {
    const store = open()
    const key = freshKey()
    await store.put(key, body('x'))
    await store.check()
    standIn.faults.next('200page', 'download')
    await expect(store.get(key)).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('never returns half of a list when the second page fails', async () => {
    const bucket = newBucket('pages')
    standIn.buckets.set('pages', bucket)
    const store = open({ bucket: 'pages' })
    await store.put('tenant/0.json', body('x'))
    const [one] = bucket.objects.values()
    for (let at = 1; at <= 2_500; at++)
      bucket.objects.set(`tenant/${at}.json`, { ...one!, name: `tenant/${at}.json` })
    await store.check()
    standIn.resetStats()
    await expect(store.list('tenant/')).resolves.toHaveLength(2_501)
    expect(standIn.stats.byOperation).toEqual({ list: 3 })
    const later = failOn(3)
    await expect(open({ bucket: 'pages', fetch: later }).list('tenant/')).rejects.toMatchObject({
      code: 'unavailable',
    })
  })

  it('gives up a request at its time limit, its body included', async () => {
    const store = open({ timeoutMs: 100 })
    standIn.faults.next('hang', 'getBucket')
    await expect(store.check()).rejects.toThrow(/No answer within 100 ms/)
  })

  it('ends what is under way at close, without calling it done', async () => {
    const store = open({ timeoutMs: 60_000 })
    standIn.faults.next('hang', 'upload')
    standIn.resetStats()
    const putting = expect(store.put(freshKey(), body('x'))).rejects.toMatchObject({ code: 'unavailable' })
    await expect.poll(() => standIn.stats.requests).toBe(1)
    await store.close()
    await putting
  })

  it('is told apart by status when it answers in no way of its own', async () => {
    const answering = (status: number, content: unknown) =>
      open({ fetch: async () => new Response(JSON.stringify(content), { status }) })
    expect(await codesOf(answering(200, {}))).toEqual(all('unavailable'))
    expect(await codesOf(answering(200, { hasNext: true, objects: [], folders: [] }))).toEqual(
      all('unavailable'),
    )
    expect(await codesOf(answering(429, { statusCode: '429', message: 'slow down' }))).toEqual(
      all('unavailable'),
    )
    expect(await codesOf(answering(544, { statusCode: '544', message: 'database timeout' }))).toEqual(
      all('unavailable'),
    )
    expect(await codesOf(answering(401, { message: 'Invalid API key' }))).toEqual(all('denied'))
  })
})

describe('requests', () => {
  const operations = () =>
    standIn.stats.paths.map((line) => (line.includes('/bucket/') ? 'getBucket' : line.split('/')[4]))

  it('put a nothing between two proofs of the bucket', async () => {
    const store = open()
    standIn.resetStats()
    await expect(store.list('nobody/')).resolves.toEqual([])
    expect(operations()).toEqual(['getBucket', 'list-v2', 'getBucket'])
    standIn.resetStats()
    await expect(store.list('nobody/')).resolves.toEqual([])
    expect(operations()).toEqual(['list-v2', 'getBucket'])
  })

  it.each(['500', 'reset'] as const)('prove the bucket anew after an error: %s', async (kind) => {
    const store = open()
    const key = freshKey()
    await store.put(key, body('x'))
    await store.check()
    standIn.faults.next(kind, 'download')
    await expect(store.get(key)).rejects.toMatchObject({ code: 'unavailable' })
    standIn.resetStats()
    await store.get(key)
    await store.get(key)
    expect(standIn.stats.byOperation).toEqual({ getBucket: 1, download: 2 })
  })

  it('may be answered in another order, and with more than was asked for', async () => {
    const names = ['tenant/b.json', 'other/a.json', 'tenant/a.json', 'tenant10/a.json', 'tenant/B.json']
    const { bucket } = standIn
    const fetch = async (input: unknown) =>
      Response.json(
        String(input).includes('/bucket/')
          ? { id: bucket, name: bucket }
          : { hasNext: false, folders: [], objects: names.map((name) => ({ name, metadata: null })) },
      )
    const found = await open({ fetch: fetch as never }).list('tenant/')
    expect(found.map((info) => info.key)).toEqual(['tenant/B.json', 'tenant/a.json', 'tenant/b.json'])
  })

  it('are none at all for unsafe keys', async () => {
    const store = open()
    standIn.resetStats()
    for (const key of unsafeKeys) {
      await expect(store.put(key, body('x'))).rejects.toMatchObject({ code: 'invalid' })
      await expect(store.get(key)).rejects.toMatchObject({ code: 'invalid' })
      await expect(store.remove(['tenant/fine.json', key])).rejects.toMatchObject({ code: 'invalid' })
      await expect(store.list(`${key}/../`)).rejects.toMatchObject({ code: 'invalid' })
    }
    expect(standIn.stats.requests).toBe(0)
  })

  it('are one for a put, and one for a get or list that finds something', async () => {
    const store = open()
    await store.check()
    standIn.resetStats()
    const key = freshKey()
    await store.put(key, body('x'))
    await store.get(key)
    await store.list(key.replace('a.json', ''))
    await store.remove([key])
    expect(standIn.stats.byOperation).toEqual({ upload: 1, download: 1, list: 1, remove: 1 })
  })

  it('remove in batches of at most 500', async () => {
    const sizes: number[] = []
    const counting: typeof fetch = (input, init) => {
      if (init?.method === 'DELETE') sizes.push(JSON.parse(String(init.body)).prefixes.length)
      return fetch(input, init)
    }
    const store = open({ fetch: counting })
    await store.remove(Array.from({ length: 1_201 }, (_, at) => `tenant/${at}.json`))
    expect(sizes).toEqual([500, 500, 201])
  })

  it('say application/json exactly and never ask to overwrite', async () => {
    const seen: Array<Record<string, string>> = []
    const recording: typeof fetch = (input, init) => {
      if (init?.method === 'POST') seen.push(Object.fromEntries(new Headers(init.headers)))
      return fetch(input, init)
    }
    await open({ fetch: recording }).put(freshKey(), body('x'))
    expect(seen).toHaveLength(1)
    expect(seen[0]).toMatchObject({ 'content-type': 'application/json', 'x-upsert': 'false' })
  })

  it('end with a word about setup when the bucket does not take JSON', async () => {
    standIn.buckets.set('pictures', newBucket('pictures', { allowed_mime_types: ['image/png'] }))
    const putting = open({ bucket: 'pictures' }).put(freshKey(), body('x'))
    await expect(putting).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringContaining('application/json'),
    })
  })
})

it('never shows the key or a whole token in an error, its causes included', async () => {
  const secret = standIn.signToken({ role: 'service_role', exp: 1_700_000_000 })
  const store = open({ key: secret })
  const errors: unknown[] = []
  for (const call of Object.values(calls(store))) errors.push(await call().catch((error) => error))
  standIn.faults.always('reset')
  for (const call of Object.values(calls(open()))) errors.push(await call().catch((error) => error))
  expect(errors).toHaveLength(12)
  for (const error of errors) {
    const shown = `${inspect(error, { depth: 20, showHidden: true })} ${JSON.stringify(error)}`
    expect(shown).not.toContain(secret.slice(-20))
    expect(shown).not.toContain(standIn.serviceKey.slice(-20))
  }
})

/** A fetch whose n-th list request fails. */
function failOn(nth: number): typeof fetch {
  let lists = 0
  return (input, init) => {
    if (String(input).includes('/object/list-v2/') && ++lists === nth)
      return Promise.reject(new TypeError('fetch failed'))
    return fetch(input, init)
  }
}
