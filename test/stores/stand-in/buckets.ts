import { createHash, randomUUID } from 'node:crypto'
import { refusals } from './answer.js'

export interface StoredObject {
  readonly id: string
  readonly name: string
  readonly body: Buffer
  readonly mimetype: string
  readonly createdAt: string
}

export interface Bucket {
  readonly id: string
  public: boolean
  file_size_limit: number | null
  allowed_mime_types: string[] | null
  readonly created_at: string
  readonly objects: Map<string, StoredObject>
}

/** Who asks: rights follow the rules of a seed-style bucket (service_role all, a user his own folder, anon none). */
export interface Caller {
  readonly role: string
  readonly sub?: string
  /** The token was refused, and the route goes on with the rights of a visitor. */
  readonly badToken?: boolean
}

export function mayTouch(caller: Caller, name: string): boolean {
  if (caller.role === 'service_role') return true
  return caller.role === 'authenticated' && caller.sub !== undefined && name.split('/')[0] === caller.sub
}

export function newBucket(id: string, settings: Partial<Bucket> = {}): Bucket {
  return {
    id,
    public: settings.public ?? false,
    file_size_limit: settings.file_size_limit ?? null,
    allowed_mime_types: settings.allowed_mime_types ?? null,
    created_at: new Date().toISOString(),
    objects: new Map(),
  }
}

export function newObject(name: string, body: Buffer, mimetype: string): StoredObject {
  return { id: randomUUID(), name, body, mimetype, createdAt: new Date().toISOString() }
}

/** As the real server checks: type and subtype compared as text, so a charset parameter is another type. */
export function checkMime(bucket: Bucket, mimetype: string): void {
  const allowed = bucket.allowed_mime_types
  if (allowed === null || allowed.length === 0) return
  const [type, subtype] = mimetype.split('/')
  const fits = allowed.some(
    (one) => one === `${type}/*` || (subtype !== undefined && one === `${type}/${subtype}`),
  )
  if (!fits) throw refusals.mime(mimetype)
}

/** As the real server: its alphabet, and a 500 from its file backend for a segment above 255 bytes. */
export function checkName(name: string): void {
  if (name === '' || !/^[\w/!.*'() &$@=;:+,?-]*$/.test(name)) throw refusals.invalidKey(name)
  if (name.split('/').some((segment) => Buffer.byteLength(segment) > 255)) throw refusals.internal()
}

export function describeObject(object: StoredObject, name = object.name): object {
  return {
    id: object.id,
    name,
    created_at: object.createdAt,
    updated_at: object.createdAt,
    last_accessed_at: object.createdAt,
    metadata: {
      eTag: etagOf(object),
      size: object.body.length,
      mimetype: object.mimetype,
      cacheControl: 'max-age=3600',
      lastModified: object.createdAt,
      contentLength: object.body.length,
      httpStatusCode: 200,
    },
  }
}

export function etagOf(object: StoredObject): string {
  return `"${createHash('md5').update(object.body).digest('hex')}"`
}
