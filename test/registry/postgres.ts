import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { describe, it } from 'vitest'

/** A PostgreSQL for tests, or undefined. CI starts one and sets the variable. */
export const testDatabaseUrl = process.env.TEST_DATABASE_URL || undefined

/** Says in one line that a suite has not run, so that nobody takes its silence for success. */
export function sayNotRun(suite: string): void {
  process.stderr.write(`NOT RUN: ${suite}: set TEST_DATABASE_URL to a PostgreSQL (see .ci/postgres.sh).\n`)
  describe.skip(`${suite} (TEST_DATABASE_URL is not set)`, () => {
    it('is not run', () => {})
  })
}

/** A schema of its own in the test database; the URL that names it, and how to remove it. */
export function ownSchema(): { url: string; schema: string; drop(): Promise<void> } {
  const schema = `test_${randomUUID().replaceAll('-', '')}`
  const url = new URL(testDatabaseUrl!)
  url.searchParams.set('schema', schema)
  const drop = () => query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`).then(() => {})
  return { url: url.toString(), schema, drop }
}

/** A database of its own, for what does not know of `?schema=`. */
export async function ownDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await query(`CREATE DATABASE "${name}"`)
  const url = new URL(testDatabaseUrl!)
  url.pathname = name
  const drop = () => query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`).then(() => {})
  return { url: url.toString(), drop }
}

export async function query(text: string, url = testDatabaseUrl!): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

/** What the pg driver is asked to send while `run` runs, whichever connection it uses. */
export async function recordStatements(
  run: () => Promise<unknown>,
): Promise<{ text: string; name?: string }[]> {
  const send = pg.Client.prototype.query
  const statements: { text: string; name?: string }[] = []
  pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
    const [query] = args as [string | { text: string; name?: string }]
    statements.push(typeof query === 'string' ? { text: query } : query)
    return Reflect.apply(send, this, args)
  } as typeof send
  try {
    await run()
  } finally {
    pg.Client.prototype.query = send
  }
  return statements
}

export async function countStatements(run: () => Promise<unknown>): Promise<number> {
  return (await recordStatements(run)).length
}
