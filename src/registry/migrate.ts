import { randomUUID } from 'node:crypto'
import type { Client, ClientConfig } from 'pg'
import pg from 'pg'
import { isSessionError, SessionError } from '../errors.js'
import { parseDatabaseUrl } from './connection.js'
import { databaseError, sqlStateOf } from './database-error.js'
import { type MigrationFile, readMigrations } from './migration-files.js'
import { hiddenRowsError } from './rules.js'

export interface MigrateOptions {
  readonly config: ClientConfig
  readonly schema: string
  /** Longest wait for another process that is migrating. */
  readonly timeoutMs: number
  /** Default: the migrations of this package. */
  readonly migrations?: readonly MigrationFile[]
}

/** Key of the advisory lock that Prisma's own `migrate` takes. */
const prismaLock = 72707369

/*
 * Prisma's bookkeeping, without its CLI. Each migration is one transaction that takes Prisma's advisory lock for its
 * own length, so nothing depends on session state, which a transaction pooler would lose.
 */

/**
 * Applies the migrations of this package to the database that `url` names (`DIRECT_URL`); returns the names of those
 * that were pending.
 * @throws SessionError `unavailable` · `denied` · `invalid` the database's history does not fit this version
 */
export function migrateDatabase(url: string, options: { timeoutMs?: number } = {}): Promise<string[]> {
  const timeoutMs = options.timeoutMs ?? 10_000
  const { config, schema } = parseDatabaseUrl(url, 'The URL for migrations', timeoutMs)
  return applyMigrations({ config, schema, timeoutMs })
}

export async function applyMigrations(options: MigrateOptions): Promise<string[]> {
  const migrations = options.migrations ?? (await readMigrations())
  // A migration of a large table may take longer than a statement of every day.
  const client = new pg.Client({ ...options.config, query_timeout: Math.max(options.timeoutMs, 600_000) })
  client.on('error', () => {})
  try {
    await client.connect()
    const applied: string[] = []
    if ((await pendingOf(client, options.schema, migrations)).length === 0) return applied
    for (;;) {
      const name = await applyNext(client, options, migrations)
      if (name === null) return applied
      applied.push(name)
    }
  } catch (error) {
    throw databaseError(error, 'to migrate')
  } finally {
    // A server that has gone does not answer the goodbye.
    void client.end().catch(() => {})
  }
}

async function applyNext(client: Client, options: MigrateOptions, migrations: readonly MigrationFile[]) {
  let current: MigrationFile | undefined
  try {
    await begin(client, options)
    current = (await pendingOf(client, options.schema, migrations))[0]
    if (current) {
      await ensureHistory(client, options.schema)
      await client.query(current.sql)
      await record(client, options.schema, current, { finished: true, logs: null })
    }
    await client.query('COMMIT')
    return current?.name ?? null
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {})
    if (sqlStateOf(error) === '55P03' && current === undefined) throw busy(error)
    if (current && sqlStateOf(error)) await recordFailure(client, options, current, error)
    throw current ? failed(current.name, error) : error
  }
}

async function begin(client: Client, { schema, timeoutMs }: MigrateOptions): Promise<void> {
  await client.query('BEGIN')
  await client.query(`SET LOCAL lock_timeout = ${Math.ceil(timeoutMs)}`)
  await client.query(`SELECT pg_advisory_xact_lock(${prismaLock})`)
  const found = await client.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [schema])
  if (found.rowCount === 0) await client.query(`CREATE SCHEMA "${schema}"`)
  await client.query(`SET LOCAL search_path TO "${schema}"`)
}

interface HistoryRow {
  readonly migration_name: string
  readonly checksum: string
  readonly finished: boolean
}

/** What is still to be applied, after the database's history was found to fit. */
async function pendingOf(client: Client, schema: string, migrations: readonly MigrationFile[]) {
  const table = `"${schema}"."_prisma_migrations"`
  const { found, hidden } = await lookAt(client, table)
  if (!found) return [...migrations]
  if (hidden) throw hiddenRowsError()
  const history = await client.query<HistoryRow>(
    `SELECT migration_name, checksum, finished_at IS NOT NULL AS finished FROM ${table} WHERE rolled_back_at IS NULL`,
  )
  const applied = new Map(history.rows.map((row) => [row.migration_name, row]))
  checkNoneNewer(history.rows, migrations)
  for (const { name, checksum } of migrations) checkRow(applied.get(name), checksum)
  return migrations.filter(({ name }) => !applied.has(name))
}

function checkNoneNewer(rows: readonly HistoryRow[], migrations: readonly MigrationFile[]): void {
  const newest = migrations.at(-1)?.name ?? ''
  const unknown = rows.find((row) => row.migration_name > newest)
  if (!unknown) return
  throw new SessionError(
    'invalid',
    `The database holds the migration ${unknown.migration_name}, which this version does not know. Use the newer ` +
      'version that made it, or, if it is another application’s, a schema of your own: ?schema=whatsapp in DATABASE_URL and DIRECT_URL.',
  )
}

function checkRow(row: HistoryRow | undefined, checksum: string): void {
  if (row && !row.finished) {
    throw new SessionError(
      'invalid',
      `The migration ${row.migration_name} has failed in this database and is not finished. See its logs in ` +
        '_prisma_migrations, repair the database, then run `prisma migrate resolve`.',
    )
  }
  if (row && row.checksum !== checksum) {
    throw new SessionError(
      'invalid',
      `The migration ${row.migration_name} is not the one that was applied to this database: its checksum differs. ` +
        'Install an unchanged copy of this package (line endings count), or restore the file.',
    )
  }
}

async function lookAt(client: Client, table: string): Promise<{ found: boolean; hidden: boolean | null }> {
  const result = await client.query(
    'SELECT to_regclass($1) IS NOT NULL AS found, row_security_active(to_regclass($1)::oid) AS hidden',
    [table],
  )
  return result.rows[0]
}

async function ensureHistory(client: Client, schema: string): Promise<void> {
  const table = `"${schema}"."_prisma_migrations"`
  if ((await lookAt(client, table)).found) return
  await client.query(`CREATE TABLE ${table} (
    id VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum VARCHAR(64) NOT NULL,
    finished_at TIMESTAMPTZ,
    migration_name VARCHAR(255) NOT NULL,
    logs TEXT,
    rolled_back_at TIMESTAMPTZ,
    started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0)`)
  await client.query(`ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`)
}

async function record(
  client: Client,
  schema: string,
  { name, checksum }: MigrationFile,
  { finished, logs }: { finished: boolean; logs: string | null },
): Promise<void> {
  await client.query(
    `INSERT INTO "${schema}"."_prisma_migrations"
      (id, checksum, migration_name, logs, finished_at, rolled_back_at, applied_steps_count)
     VALUES ($1, $2, $3, $4, CASE WHEN $5 THEN clock_timestamp() END, CASE WHEN NOT $5 THEN clock_timestamp() END, $6)`,
    [randomUUID(), checksum, name, logs, finished, finished ? 1 : 0],
  )
}

/** Recorded as rolled back, because it was, whole: so that the next start may try it again. */
async function recordFailure(
  client: Client,
  options: MigrateOptions,
  migration: MigrationFile,
  error: unknown,
) {
  const logs = error instanceof Error ? error.message : String(error)
  try {
    await begin(client, options)
    await ensureHistory(client, options.schema)
    await record(client, options.schema, migration, { finished: false, logs })
    await client.query('COMMIT')
  } catch {
    // The failure itself is what is told; a database that cannot record it is told of by the same error.
    await client.query('ROLLBACK').catch(() => {})
  }
}

function failed(name: string, error: unknown): Error {
  const known = databaseError(error, '')
  if (!isSessionError(known)) return known
  const { code } = known
  const words = error instanceof Error ? error.message : String(error)
  return new SessionError(
    code,
    `The migration ${name} failed and was rolled back: ${words}. It is recorded in _prisma_migrations; repair the cause and start again.`,
    { cause: error },
  )
}

function busy(cause: unknown): SessionError {
  return new SessionError('unavailable', 'Another process is migrating the database. Try again later.', {
    cause,
  })
}
