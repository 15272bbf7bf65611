import type { ClientConfig } from 'pg'
import { SessionError } from '../errors.js'

/** Where a PostgreSQL is and how to speak to it, parsed from a URL. */
export interface ConnectionTarget {
  readonly config: ClientConfig
  /** The schema that holds the tables (`?schema=`), `public` when the URL names none. */
  readonly schema: string
  /** `?connection_limit=`, when the URL names one. */
  readonly poolSize: number | undefined
}

/** Parameters of Prisma's URLs that mean nothing to the driver; the server would refuse some of them. */
const prismaOnly = [
  'schema',
  'pgbouncer',
  'connection_limit',
  'connect_timeout',
  'pool_timeout',
  'socket_timeout',
  'statement_cache_size',
]

const schemaName = /^[A-Za-z_][A-Za-z0-9_-]{0,62}$/

/**
 * Reads a `postgresql://` URL as Prisma writes them. `variable` names its source in messages; the URL itself, which
 * holds a password, is never repeated.
 * @throws SessionError `invalid`
 */
export function parseDatabaseUrl(text: string, variable: string, timeoutMs: number): ConnectionTarget {
  const url = URL.canParse(text) ? new URL(text) : refuse(variable, 'it is not a URL')
  if (url.protocol !== 'postgresql:' && url.protocol !== 'postgres:') {
    refuse(variable, 'it does not start with postgresql://')
  }
  if (url.hostname === '' && !url.searchParams.has('host')) refuse(variable, 'it names no host')
  const schema = url.searchParams.get('schema') ?? 'public'
  if (!schemaName.test(schema)) refuse(variable, 'its ?schema= is not a plain name')
  const limit = Number(url.searchParams.get('connection_limit') ?? Number.NaN)
  for (const name of prismaOnly) url.searchParams.delete(name)
  // libpq's meaning of sslmode, which other clients share: `require` encrypts, `verify-full` checks certificates.
  if (url.searchParams.has('sslmode')) url.searchParams.set('uselibpqcompat', 'true')
  const config: ClientConfig = {
    connectionString: url.toString(),
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    keepAlive: true,
    application_name: 'baileys-session-supervisor',
  }
  return { config, schema, poolSize: Number.isSafeInteger(limit) && limit > 0 ? limit : undefined }
}

function refuse(variable: string, problem: string): never {
  throw new SessionError(
    'invalid',
    `${variable} cannot be used: ${problem}. Expected postgresql://user:password@host:5432/database, with special ` +
      'characters of the password percent-encoded.',
  )
}
