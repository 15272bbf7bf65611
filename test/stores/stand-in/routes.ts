import { type Answer, json, refusals } from './answer.js'
import {
  type Bucket,
  type Caller,
  checkMime,
  checkName,
  describeObject,
  etagOf,
  mayTouch,
  newBucket,
  newObject,
} from './buckets.js'
import type { Operation } from './faults.js'
import { listV1, listV2 } from './listing.js'

export interface Call {
  readonly method: string
  /** Path below /storage/v1/, percent-decoded (`%2F` becomes a slash, as on the real server). */
  readonly path: string
  readonly headers: Record<string, string | string[] | undefined>
  readonly readBody: () => Promise<Buffer>
  readonly caller: Caller
}

export interface Route {
  readonly operation: Operation
  /** Downloads take a bad token for an anonymous caller; all else refuses it with 403. */
  readonly allowsBadToken?: boolean
  readonly run: (buckets: Map<string, Bucket>, call: Call, limits: Limits) => Promise<Answer>
}

export interface Limits {
  /** Of any object, whatever its bucket says. */
  readonly maxObjectBytes: number
  /** Names in one delete request. */
  readonly maxRemoveNames: number
}

export function findRoute(method: string, path: string): Route | null {
  const [area, second = '', third] = path.split('/')
  if (area === 'bucket') return bucketRoutes[`${method} ${second === '' ? 'all' : (third ?? 'one')}`] ?? null
  if (area !== 'object') return null
  const special = objectRoutes[`${method} ${second}`]
  return special ?? objectRoutes[`${method} *`] ?? null
}

const bucketRoutes: Record<string, Route> = {
  'GET all': { operation: 'other', run: async (buckets) => json([...buckets.values()].map(showBucket)) },
  'GET one': { operation: 'getBucket', run: getBucket },
  'POST all': { operation: 'createBucket', run: createBucket },
  'PUT one': { operation: 'updateBucket', run: updateBucket },
  'DELETE one': { operation: 'deleteBucket', run: deleteBucket },
  'POST empty': { operation: 'deleteBucket', run: emptyBucket },
}

const objectRoutes: Record<string, Route> = {
  'POST list': {
    operation: 'list',
    run: async (buckets, call) => listV1(bucketOf(buckets, call, 2), call.caller, await body(call)),
  },
  'POST list-v2': {
    operation: 'list',
    run: async (buckets, call) => listV2(bucketOf(buckets, call, 2), call.caller, await body(call)),
  },
  'POST move': { operation: 'move', run: move },
  'GET info': { operation: 'info', allowsBadToken: true, run: info },
  'POST *': { operation: 'upload', run: upload },
  'PUT *': { operation: 'upload', run: upload },
  'GET *': { operation: 'download', allowsBadToken: true, run: download },
  'HEAD *': { operation: 'info', allowsBadToken: true, run: download },
  'DELETE *': { operation: 'remove', run: remove },
}

/** From asking whether a name is free to taking it; an upload of 1 KB takes the real server 8.5 ms in all. */
const writeTimeMs = 2

/**
 * `upsert: false` is not atomic: whether the name is free is asked before the body is read, and the row is written
 * after it. Of concurrent uploads of one name several are accepted (measured: 4 to 20 of 20).
 */
async function upload(buckets: Map<string, Bucket>, call: Call, limits: Limits): Promise<Answer> {
  const bucket = bucketOf(buckets, call, 1)
  const name = nameOf(call, 2)
  const overwrite = call.headers['x-upsert'] === 'true' || call.method === 'PUT'
  checkName(name)
  if (bucket === undefined) throw refusals.noBucket()
  if (!mayTouch(call.caller, name)) throw refusals.rls()
  const taken = bucket.objects.has(name)
  const mimetype = String(call.headers['content-type'] ?? 'application/octet-stream')
  checkMime(bucket, mimetype)
  const limit = Math.min(limits.maxObjectBytes, bucket.file_size_limit ?? Number.POSITIVE_INFINITY)
  if (Number(call.headers['content-length'] ?? 0) > limit) throw refusals.tooLarge()
  if (taken && !overwrite) throw refusals.exists()
  const content = await call.readBody()
  if (content.length > limit) throw refusals.tooLarge()
  await new Promise((resolve) => setTimeout(resolve, writeTimeMs))
  const object = newObject(name, content, mimetype)
  bucket.objects.set(name, object)
  return json({ Id: object.id, Key: `${bucket.id}/${name}` })
}

async function download(buckets: Map<string, Bucket>, call: Call): Promise<Answer> {
  const object = visibleObject(buckets, call, 1)
  return {
    status: 200,
    body: object.body,
    headers: { 'content-type': object.mimetype, etag: etagOf(object), 'cache-control': 'max-age=3600' },
  }
}

async function info(buckets: Map<string, Bucket>, call: Call): Promise<Answer> {
  return json(describeObject(visibleObject(buckets, call, 2)))
}

async function remove(buckets: Map<string, Bucket>, call: Call, limits: Limits): Promise<Answer> {
  const bucket = bucketOf(buckets, call, 1)
  const { prefixes = [] } = await body<{ prefixes?: string[] }>(call)
  if (prefixes.length === 0) throw refusals.invalid('body/prefixes must NOT have fewer than 1 items')
  if (prefixes.length > limits.maxRemoveNames) throw refusals.tooLarge()
  const removed: object[] = []
  for (const name of prefixes) {
    const object = bucket?.objects.get(name)
    if (object === undefined || !mayTouch(call.caller, name)) continue
    bucket?.objects.delete(name)
    removed.push(describeObject(object))
  }
  return json(removed)
}

async function move(buckets: Map<string, Bucket>, call: Call): Promise<Answer> {
  const { bucketId, sourceKey, destinationKey } = await body<Record<string, string>>(call)
  const bucket = buckets.get(bucketId ?? '')
  const object = bucket?.objects.get(sourceKey ?? '')
  if (bucket === undefined) throw refusals.noBucket()
  if (object === undefined || !mayTouch(call.caller, object.name)) throw refusals.noObject()
  checkName(destinationKey ?? '')
  if (bucket.objects.has(destinationKey as string)) throw refusals.exists()
  bucket.objects.delete(object.name)
  bucket.objects.set(destinationKey as string, { ...object, name: destinationKey as string })
  return json({ message: 'Successfully moved' })
}

async function getBucket(buckets: Map<string, Bucket>, call: Call): Promise<Answer> {
  const bucket = bucketOf(buckets, call, 1)
  // The buckets table has row level security and no policy: to anyone but the service role there is none.
  if (bucket === undefined || call.caller.role !== 'service_role') throw refusals.noBucket()
  return json(showBucket(bucket))
}

async function createBucket(buckets: Map<string, Bucket>, call: Call, limits: Limits): Promise<Answer> {
  if (call.caller.role !== 'service_role') throw refusals.rls()
  const settings = await body<Partial<Bucket>>(call)
  if (buckets.has(settings.id ?? '')) throw refusals.exists()
  if ((settings.file_size_limit ?? 0) > limits.maxObjectBytes) throw refusals.tooLarge()
  buckets.set(settings.id as string, newBucket(settings.id as string, settings))
  return json({ name: settings.id })
}

async function updateBucket(buckets: Map<string, Bucket>, call: Call, limits: Limits): Promise<Answer> {
  const bucket = bucketOf(buckets, call, 1)
  if (bucket === undefined || call.caller.role !== 'service_role') throw refusals.noBucket()
  const settings = await body<Partial<Bucket>>(call)
  if ((settings.file_size_limit ?? 0) > limits.maxObjectBytes) throw refusals.tooLarge()
  if (settings.public !== undefined) bucket.public = settings.public
  if (settings.file_size_limit !== undefined) bucket.file_size_limit = settings.file_size_limit
  if (settings.allowed_mime_types !== undefined) bucket.allowed_mime_types = settings.allowed_mime_types
  return json({ message: 'Successfully updated' })
}

async function deleteBucket(buckets: Map<string, Bucket>, call: Call): Promise<Answer> {
  const bucket = bucketOf(buckets, call, 1)
  if (bucket === undefined || call.caller.role !== 'service_role') throw refusals.noBucket()
  if (bucket.objects.size > 0) throw refusals.notEmpty()
  buckets.delete(bucket.id)
  return json({ message: 'Successfully deleted' })
}

async function emptyBucket(buckets: Map<string, Bucket>, call: Call): Promise<Answer> {
  const bucket = bucketOf(buckets, call, 1)
  if (bucket === undefined || call.caller.role !== 'service_role') throw refusals.noBucket()
  bucket.objects.clear()
  return json({ message: 'Empty bucket has been queued. Completion may take up to an hour.' })
}

/** To a bad key there is no bucket, to a visitor no object: exactly as in an empty account. */
function visibleObject(buckets: Map<string, Bucket>, call: Call, bucketAt: number) {
  const bucket = bucketOf(buckets, call, bucketAt)
  if (bucket === undefined || call.caller.badToken) throw refusals.noBucket()
  const name = nameOf(call, bucketAt + 1)
  const object = bucket.objects.get(name)
  if (object === undefined || !mayTouch(call.caller, name)) throw refusals.noObject()
  return object
}

function bucketOf(buckets: Map<string, Bucket>, call: Call, at: number): Bucket | undefined {
  return buckets.get(call.path.split('/')[at] ?? '')
}

function nameOf(call: Call, at: number): string {
  return call.path.split('/').slice(at).join('/')
}

async function body<T = Record<string, never>>(call: Call): Promise<T> {
  return JSON.parse((await call.readBody()).toString('utf8')) as T
}

function showBucket({ objects: _objects, ...bucket }: Bucket): object {
  return { ...bucket, name: bucket.id, owner: '', type: 'STANDARD', updated_at: bucket.created_at }
}
