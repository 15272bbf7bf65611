import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { PrismaClient } from '../generated/prisma/client.js'
import type { Registry } from '../ports/registry.js'
import { parseDatabaseUrl } from './connection.js'
import { applyMigrations } from './migrate.js'
import { type Database, SqlRegistry } from './sql-registry.js'

export interface PrismaRegistryOptions {
  /** `DATABASE_URL`; may go through a transaction pooler. `?schema=` and `?connection_limit=` are understood. */
  readonly url: string
  /** `DIRECT_URL`, for migrations. Default: `url`. */
  readonly directUrl?: string
  /** Longest wait for a connection, for a free place in the pool and for each statement. Default 10,000. */
  readonly timeoutMs?: number
  /** Connections at most. Default 5, or what the URL's `connection_limit` says. */
  readonly poolSize?: number
}

/**
 * The registry in PostgreSQL, through Prisma. Nothing is touched before `open`.
 * @throws SessionError `invalid` a URL that cannot be used
 */
export function prismaRegistry(options: PrismaRegistryOptions): Registry {
  const timeoutMs = options.timeoutMs ?? 10_000
  const main = parseDatabaseUrl(options.url, 'DATABASE_URL', timeoutMs)
  const direct = options.directUrl ? parseDatabaseUrl(options.directUrl, 'DIRECT_URL', timeoutMs) : main
  return new SqlRegistry('postgresql', async () => {
    await applyMigrations({ config: direct.config, schema: main.schema, timeoutMs })
    const max = options.poolSize ?? main.poolSize ?? 5
    return connectPrisma(new pg.Pool({ ...main.config, max }), main.schema, timeoutMs)
  })
}

/** A Prisma client on a pool, which it owns from now on. Closing waits for running statements up to `timeoutMs`. */
export function connectPrisma(pool: pg.Pool, schema: string, timeoutMs: number): Database {
  // A connection that breaks while idle is replaced at the next statement.
  pool.on('error', () => {})
  const client = new PrismaClient({
    adapter: new PrismaPg(pool, { schema }),
    errorFormat: 'minimal',
    // One connection may be all there is; a waiting transaction is late, not wrong.
    transactionOptions: { maxWait: Math.max(timeoutMs, 30_000), timeout: Math.max(timeoutMs, 30_000) },
  })
  const close = async () => {
    const ended = Promise.allSettled([client.$disconnect(), pool.end()])
    let timer: NodeJS.Timeout | undefined
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs)
    })
    await Promise.race([ended, limit])
    clearTimeout(timer)
  }
  return { client, schema, close }
}
