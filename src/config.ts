import path from 'node:path'
import { z } from 'zod'
import { type WebhookConfig, webhookProblem } from './alerts/webhook-url.js'
import { SessionError } from './errors.js'
import { maxDelayMs, type Settings } from './settings.js'

export type StoreConfig =
  | { readonly kind: 'supabase'; readonly url: string; readonly key: string; readonly bucket: string }
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'memory' }

export type RegistryConfig =
  | { readonly kind: 'postgresql'; readonly url: string; readonly directUrl?: string }
  | { readonly kind: 'pglite'; readonly path: string }
  | { readonly kind: 'memory' }

/** Where things are and who may reach them; see README.md for the table of variables. */
export interface Config {
  /** Working copies of the sessions, in Baileys' multi-file format, one folder a tenant. */
  readonly sessionPath: string
  readonly store: StoreConfig
  readonly registry: RegistryConfig
  readonly settings: Partial<Settings>
  /** Processes that `session-supervisor start` and `runWorkers` spread the tenants over. */
  readonly workers: number
  readonly socketUrl?: string
  readonly server: {
    readonly host: string
    readonly port: number
    readonly token?: string
    readonly trustedProxies?: number
  }
  /** Where alerts are sent; undefined for nowhere. */
  readonly webhook?: WebhookConfig
  readonly logLevel: LogLevel
  /** What a person should know before relying on it. */
  readonly warnings: readonly string[]
}

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

const wholeNumber = (least: number, most: number, what = 'a whole number') =>
  z
    .string()
    .regex(/^\d+$/, `expected ${what}`)
    .transform(Number)
    .refine((value) => value >= least && value <= most, `expected ${what} from ${least} to ${most}`)
const url = (protocols: RegExp, example: string) =>
  z.url({ protocol: protocols, error: `expected ${example}` })

const environment = z.object({
  WHATSAPP_SESSION_PATH: z.string().default('./whatsapp-sessions'),
  WHATSAPP_MAX_RETRIES: wholeNumber(0, Number.MAX_SAFE_INTEGER).optional(),
  WHATSAPP_SOCKET_URL: url(/^wss?$/, 'a URL that starts with wss://').optional(),
  SUPABASE_URL: url(/^https?$/, 'a URL such as https://PROJECT.supabase.co').optional(),
  SUPABASE_SERVICE_KEY: z.string().optional(),
  SUPABASE_KEY: z.string().optional(),
  SUPABASE_BUCKET: z.string().optional(),
  DATABASE_URL: z.string().optional(),
  DIRECT_URL: url(/^postgres(ql)?$/, 'a URL that starts with postgresql://').optional(),
  DATA_PATH: z.string().default('./data'),
  BACKUP_INTERVAL_MS: wholeNumber(1, maxDelayMs).optional(),
  WORKERS: wholeNumber(1, 256).optional(),
  CAPACITY: wholeNumber(0, 2 ** 31 - 1).optional(),
  SEND_AFTER_BACKUP: z.enum(['true', 'false'], { error: 'expected true or false' }).optional(),
  SESSION_ENCRYPTION_KEY: z.string().optional(),
  HOST: z.string().default('127.0.0.1'),
  PORT: wholeNumber(0, 65_535, 'a port number').default(3000),
  DASHBOARD_TOKEN: z.string().min(16, 'expected at least 16 characters').optional(),
  TRUSTED_PROXIES: wholeNumber(0, 10).optional(),
  ALERT_WEBHOOK_URL: z.string().optional(),
  ALERT_WEBHOOK_SECRET: z.string().optional(),
  LOG_LEVEL: z.enum(logLevels, { error: `expected one of ${logLevels.join(', ')}` }).default('info'),
})

type Environment = z.infer<typeof environment>

/**
 * The configuration that the environment describes. Nothing set: an embedded PostgreSQL and a directory as object
 * store below `./data`, with a warning. Values are never part of an error: some are secrets.
 * @throws SessionError `invalid` for a value that cannot be, or half of a pair
 */
export function configFromEnv(env: NodeJS.ProcessEnv = process.env): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const result = environment.safeParse(given)
  if (!result.success) {
    const problems = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
    throw refused(problems.join('; '))
  }
  return configOf(result.data)
}

function configOf(env: Environment): Config {
  if (env.SESSION_ENCRYPTION_KEY !== undefined) {
    throw refused(
      'SESSION_ENCRYPTION_KEY is set, but this version does not encrypt yet; unset it to store sessions unencrypted',
    )
  }
  const warnings: string[] = []
  const store = storeOf(env, warnings)
  const registry = registryOf(env, warnings)
  return {
    sessionPath: path.resolve(env.WHATSAPP_SESSION_PATH),
    store,
    registry,
    settings: settingsOf(env),
    workers: workersOf(env, store, registry),
    socketUrl: env.WHATSAPP_SOCKET_URL,
    server: serverOf(env),
    webhook: webhookOf(env, warnings),
    logLevel: env.LOG_LEVEL,
    warnings,
  }
}

function storeOf(env: Environment, warnings: string[]): StoreConfig {
  const key = env.SUPABASE_SERVICE_KEY ?? env.SUPABASE_KEY
  if (env.SUPABASE_URL && key) {
    return {
      kind: 'supabase',
      url: env.SUPABASE_URL,
      key,
      bucket: env.SUPABASE_BUCKET ?? 'whatsapp-sessions',
    }
  }
  if (env.SUPABASE_URL) {
    throw refused(
      'SUPABASE_URL is set but SUPABASE_SERVICE_KEY is not; set it to the service_role (or secret) key of that project, or unset SUPABASE_URL to use a directory',
    )
  }
  if (key || env.SUPABASE_BUCKET) {
    const name = env.SUPABASE_SERVICE_KEY ? 'SUPABASE_SERVICE_KEY' : key ? 'SUPABASE_KEY' : 'SUPABASE_BUCKET'
    throw refused(
      `${name} is set but SUPABASE_URL is not; set it to https://PROJECT.supabase.co, or unset ${name} to use a directory`,
    )
  }
  const directory = path.resolve(env.DATA_PATH, 'objects')
  warnings.push(
    `No SUPABASE_URL: backups go to ${directory}. Sessions will not outlive this disk; set SUPABASE_URL and SUPABASE_SERVICE_KEY in production.`,
  )
  return { kind: 'directory', path: directory }
}

function registryOf(env: Environment, warnings: string[]): RegistryConfig {
  if (env.DATABASE_URL === 'memory:') {
    warnings.push(
      'DATABASE_URL=memory: keeps the registry in this process. It is rebuilt from the store at start, and does not keep two hosts apart; use one host only.',
    )
    return { kind: 'memory' }
  }
  if (env.DATABASE_URL === undefined) {
    if (env.DIRECT_URL)
      throw refused('DIRECT_URL is set but DATABASE_URL is not; set both, or only DATABASE_URL')
    return { kind: 'pglite', path: path.resolve(env.DATA_PATH, 'registry') }
  }
  if (!/^postgres(ql)?:\/\//.test(env.DATABASE_URL)) {
    throw refused('DATABASE_URL: expected a URL that starts with postgresql://, or memory:')
  }
  return { kind: 'postgresql', url: env.DATABASE_URL, directUrl: env.DIRECT_URL }
}

function workersOf({ WORKERS = 1 }: Environment, store: StoreConfig, registry: RegistryConfig): number {
  const problem = WORKERS === 1 ? null : shareProblem(store, registry)
  if (problem !== null) throw refused(`WORKERS is ${WORKERS}, but ${problem}`)
  return WORKERS
}

/** What keeps several processes of one host from working together; null when nothing does. */
export function shareProblem(store: StoreConfig, registry: RegistryConfig): string | null {
  if (registry.kind !== 'postgresql') {
    const what = registry.kind === 'pglite' ? 'the embedded registry' : 'a registry in memory'
    return `workers are processes that share tenants through the database, and ${what} belongs to one process; set DATABASE_URL to a PostgreSQL (postgresql://…), or use one process`
  }
  return store.kind === 'memory'
    ? 'workers are processes that share the store, and one in memory belongs to one process; use a directory or Supabase'
    : null
}

function settingsOf(env: Environment): Partial<Settings> {
  return {
    ...(env.BACKUP_INTERVAL_MS === undefined ? {} : { auditIntervalMs: env.BACKUP_INTERVAL_MS }),
    ...(env.CAPACITY === undefined ? {} : { capacity: env.CAPACITY }),
    ...(env.WHATSAPP_MAX_RETRIES === undefined ? {} : { maxRetries: env.WHATSAPP_MAX_RETRIES }),
    ...(env.SEND_AFTER_BACKUP === undefined ? {} : { sendAfterBackup: env.SEND_AFTER_BACKUP === 'true' }),
  }
}

const loopback = /^(localhost|127\.\d+\.\d+\.\d+|::1|\[::1\])$/

function serverOf(env: Environment): Config['server'] {
  if (!loopback.test(env.HOST) && env.DASHBOARD_TOKEN === undefined) {
    throw refused(
      'HOST is not a loopback address but DASHBOARD_TOKEN is not set; sessions could be taken over by anybody who reaches the port. Set DASHBOARD_TOKEN, or HOST=127.0.0.1',
    )
  }
  const proxies = env.TRUSTED_PROXIES === undefined ? {} : { trustedProxies: env.TRUSTED_PROXIES }
  return { host: env.HOST, port: env.PORT, token: env.DASHBOARD_TOKEN, ...proxies }
}

function webhookOf(env: Environment, warnings: string[]): WebhookConfig | undefined {
  const { ALERT_WEBHOOK_URL: url, ALERT_WEBHOOK_SECRET: secret } = env
  if (url === undefined) {
    if (secret === undefined) return undefined
    throw refused('ALERT_WEBHOOK_SECRET is set but ALERT_WEBHOOK_URL is not; set both, or none')
  }
  const problem = webhookProblem({ url, secret })
  if (problem !== null) throw refused(`ALERT_WEBHOOK_URL or ALERT_WEBHOOK_SECRET: ${problem}`)
  if (secret === undefined) {
    warnings.push(
      'ALERT_WEBHOOK_SECRET is not set: alerts are sent without a signature. Set it, so that their receiver can tell them from forged ones.',
    )
  }
  return { url, secret }
}

function refused(problem: string): SessionError {
  return new SessionError('invalid', `Configuration refused: ${problem}. Nothing was touched.`)
}
