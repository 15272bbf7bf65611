import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Answer, page, Refusal, refusals } from './answer.js'
import { type Bucket, type Caller, newBucket } from './buckets.js'
import { type FaultKind, Faults, type Operation } from './faults.js'
import { type Call, findRoute, type Limits, type Route } from './routes.js'
import { type Claims, signToken, verifyToken } from './tokens.js'

export interface StandInOptions {
  /** Default: any free one. Bound to 127.0.0.1. */
  readonly port?: number
  /** The bucket that is there at the start (private, 50 MB, JSON only); null for none. */
  readonly bucket?: string | null
  readonly maxObjectBytes?: number
  /** Added to every answer, to give requests a cost; the real server took 8.5 ms for an upload of 1 KB. */
  readonly latencyMs?: number
  /** The clock that tokens run out by. Default: the system's. */
  readonly now?: () => number
}

export interface StandInStats {
  requests: number
  uploads: number
  uploadedBytes: number
  byOperation: Partial<Record<Operation, number>>
  /** Paths as they arrived, newest last (the last 1000). */
  paths: string[]
}

export interface SupabaseStandIn {
  /** To be given as SUPABASE_URL. */
  readonly url: string
  readonly serviceKey: string
  readonly anonKey: string
  /** The newer forms, which the platform's gateway turns into roles. */
  readonly secretKey: string
  readonly publishableKey: string
  readonly bucket: string
  readonly faults: Faults
  readonly stats: StandInStats
  /** Everything it holds, to look at or to damage. */
  readonly buckets: Map<string, Bucket>
  signToken(claims: Claims, secret?: string): string
  resetStats(): void
  close(): Promise<void>
}

const jwtSecret = 'stand-in-jwt-secret-for-tests-only'
const serviceKey = signToken({ role: 'service_role' }, jwtSecret)
const anonKey = signToken({ role: 'anon' }, jwtSecret)
const secretKey = 'sb_secret_standin_0123456789'
const publishableKey = 'sb_publishable_standin_0123456789'

/** An HTTP server that answers as Supabase Storage does, with the traps that were measured on the real one. */
export async function startSupabaseStandIn(options: StandInOptions = {}): Promise<SupabaseStandIn> {
  const buckets = new Map<string, Bucket>()
  const bucket = options.bucket === undefined ? 'whatsapp-sessions' : options.bucket
  if (bucket !== null) {
    buckets.set(
      bucket,
      newBucket(bucket, { file_size_limit: 52_428_800, allowed_mime_types: ['application/json'] }),
    )
  }
  const limits: Limits = { maxObjectBytes: options.maxObjectBytes ?? 524_288_000, maxRemoveNames: 20_000 }
  const faults = new Faults()
  const stats = emptyStats()
  const scene: Scene = {
    buckets,
    limits,
    faults,
    stats,
    latencyMs: options.latencyMs ?? 0,
    now: options.now ?? Date.now,
  }
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    serve(scene, request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    serviceKey,
    anonKey,
    secretKey,
    publishableKey,
    bucket: bucket ?? 'whatsapp-sessions',
    faults,
    stats,
    buckets,
    signToken: (claims, secret = jwtSecret) => signToken(claims, secret),
    resetStats: () => void Object.assign(stats, emptyStats()),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

interface Scene {
  readonly buckets: Map<string, Bucket>
  readonly limits: Limits
  readonly faults: Faults
  readonly stats: StandInStats
  readonly latencyMs: number
  readonly now: () => number
}

async function serve(scene: Scene, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const method = request.method ?? 'GET'
  const target = (request.url ?? '/').split('?')[0] as string
  const path = decodeURIComponent(target).replace(/^\/storage\/v1\//, '')
  const route = target.startsWith('/storage/v1/') ? findRoute(method, path) : null
  count(scene.stats, route?.operation ?? 'other', `${method} ${request.url}`)
  if (route === null) return send(response, page(404, '404 Not Found'))
  const fault = scene.faults.take(route.operation)
  if (fault !== null && !doesWorkFirst(fault)) return failBefore(fault, request, response)
  const answer = await answerTo(scene, route, request, method, path)
  if (scene.latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, scene.latencyMs))
  if (fault === 'hangAfter') return
  if (fault === 'resetAfter') return void response.destroy()
  if (fault === 'cut') return sendHalf(response, answer)
  send(response, answer)
}

async function answerTo(
  scene: Scene,
  route: Route,
  request: IncomingMessage,
  method: string,
  path: string,
): Promise<Answer> {
  const readBody = async () => {
    const content = await readAll(request)
    if (route.operation === 'upload') {
      scene.stats.uploads++
      scene.stats.uploadedBytes += content.length
    }
    return content
  }
  try {
    const caller = callerOf(scene, request, route)
    const call: Call = { method, path, headers: request.headers, readBody, caller }
    return await route.run(scene.buckets, call, scene.limits)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    request.resume()
    return error.answer
  }
}

function callerOf(scene: Scene, request: IncomingMessage, route: Route): Caller {
  const token = (request.headers.authorization ?? '').replace(/^Bearer\s+/i, '')
  if (token === secretKey) return { role: 'service_role' }
  if (token === publishableKey) return { role: 'anon' }
  const verified = verifyToken(token, jwtSecret, scene.now())
  if (!('refused' in verified)) return verified
  // The trap: a download with a bad key is not refused; it is told that there is no such bucket.
  if (route.allowsBadToken) return { role: 'anon', badToken: true }
  throw refusals.denied(verified.refused)
}

function doesWorkFirst(fault: FaultKind): boolean {
  return fault === 'hangAfter' || fault === 'resetAfter' || fault === 'cut'
}

function failBefore(fault: FaultKind, request: IncomingMessage, response: ServerResponse): void {
  if (fault === 'reset') return void response.destroy()
  request.resume()
  if (fault === '500') send(response, refusals.internal().answer)
  if (fault === '502') send(response, page(502, '502 Bad Gateway'))
  if (fault === '404page') send(response, page(404, '404 Not Found'))
  if (fault === '200page') send(response, page(200, 'Sign in to the network'))
}

function send(response: ServerResponse, { status, body, headers }: Answer): void {
  response.writeHead(status, { ...headers, 'content-length': body.length }).end(body)
}

function sendHalf(response: ServerResponse, { status, body, headers }: Answer): void {
  response.writeHead(status, { ...headers, 'content-length': body.length })
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.destroy())
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function emptyStats(): StandInStats {
  return { requests: 0, uploads: 0, uploadedBytes: 0, byOperation: {}, paths: [] }
}

function count(stats: StandInStats, operation: Operation, path: string): void {
  stats.requests++
  stats.byOperation[operation] = (stats.byOperation[operation] ?? 0) + 1
  stats.paths.push(path)
  if (stats.paths.length > 1000) stats.paths.shift()
}

export type { FaultKind, Operation } from './faults.js'
