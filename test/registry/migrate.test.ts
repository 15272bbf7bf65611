import { createHash, randomUUID } from 'node:crypto'
import { PGlite } from '@electric-sql/pglite'
import pg, { type ClientConfig } from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import { parseDatabaseUrl } from '../../src/registry/connection.js'
import { applyMigrations } from '../../src/registry/migrate.js'
import { type MigrationFile, readMigrations } from '../../src/registry/migration-files.js'
import { PgliteStream } from '../../src/registry/pglite-stream.js'
import { countStatements, sayNotRun, testDatabaseUrl } from './postgres.js'

const real = await readMigrations()
const newest = real.at(-1)!

function migration(name: string, sql: string): MigrationFile {
  return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
}

function describeMigrations(
  name: string,
  connect: () => Promise<{ config: ClientConfig; close(): Promise<void> }>,
) {
  describe(`migrations on ${name}`, async () => {
    const { config, close } = await connect()
    const schemas: string[] = []
    const send = async (text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> => {
      const client = new pg.Client(config)
      await client.connect()
      try {
        return (await client.query(text, values)).rows
      } finally {
        await client.end()
      }
    }
    const newSchema = () => {
      const schema = `migrate_${randomUUID().replaceAll('-', '')}`
      schemas.push(schema)
      return schema
    }
    const apply = (schema: string, migrations?: readonly MigrationFile[], timeoutMs = 20_000) =>
      applyMigrations({ config, schema, timeoutMs, ...(migrations ? { migrations } : {}) })
    const historyOf = (schema: string) =>
      send(`SELECT * FROM "${schema}"."_prisma_migrations" ORDER BY started_at, migration_name`)

    // The embedded database has one connection; nothing can happen at once there.
    const itWithManyConnections: (title: string, run: () => Promise<void>) => void =
      name === 'PGlite' ? () => {} : it

    afterAll(async () => {
      for (const schema of schemas) await send(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`)
      await close()
    })

    it('applies all in order and records each as Prisma does', async () => {
      const schema = newSchema()
      expect(await apply(schema)).toEqual(real.map((file) => file.name))
      const rows = await historyOf(schema)
      expect(rows.map((row) => [row.migration_name, row.checksum])).toEqual(
        real.map((file) => [file.name, file.checksum]),
      )
      for (const row of rows) {
        expect(row).toMatchObject({ logs: null, rolled_back_at: null, applied_steps_count: 1 })
        expect(row.finished_at).toBeInstanceOf(Date)
        expect(row.id).toMatch(/^[0-9a-f-]{36}$/)
      }
    })

    it('enables row level security on every table, with no policy, and hides nothing through the view', async () => {
      const schema = newSchema()
      await apply(schema)
      const tables = await send(
        'SELECT relname, relrowsecurity FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = $1 AND relkind = $2 ORDER BY relname',
        [schema, 'r'],
      )
      expect(tables).toEqual(
        ['SessionHost', 'Tenant', 'WhatsAppSession', '_prisma_migrations'].map((relname) => ({
          relname,
          relrowsecurity: true,
        })),
      )
      expect(await send('SELECT * FROM pg_policies WHERE schemaname = $1', [schema])).toEqual([])
      const view = await send('SELECT reloptions FROM pg_class WHERE oid = $1::regclass', [
        `"${schema}"."WhatsAppSessionBackupStatus"`,
      ])
      expect(view).toEqual([{ reloptions: ['security_invoker=true'] }])
    })

    it('tells by the view which sessions are not backed up', async () => {
      const schema = newSchema()
      await apply(schema)
      await send(`INSERT INTO "${schema}"."Tenant" (id) VALUES ('a'), ('b'), ('c'), ('d')`)
      await send(`INSERT INTO "${schema}"."WhatsAppSession"
        ("tenantId", "headSeq", "unsaved", "lastBackupAt", "connectionState", "headBytes", "leaseOwner", "leaseExpiresAt")
        VALUES ('a', 0, 4, NULL, '', NULL, NULL, NULL), ('b', 2, 4, now(), '', 100, 'host-1', now() - interval '1 s'),
          ('c', 2, 0, now(), 'connected/open', 200, 'host-1', now() + interval '1 h'),
          ('d', 2, 0, now(), 'backing-up.waiting/open', 300, 'host-2', now() + interval '1 h')`)
      const rows = await send(
        `SELECT "tenantId", "backupStatus", "generation", "bytes", "host"
          FROM "${schema}"."WhatsAppSessionBackupStatus" ORDER BY 1`,
      )
      expect(rows.map((row) => Object.values(row))).toEqual([
        ['a', 'never', 0, null, null],
        ['b', 'overdue', 2, '100', null],
        ['c', 'ok', 2, '200', 'host-1'],
        ['d', 'overdue', 2, '300', 'host-2'],
      ])
    })

    it('shows through the view no row that the reader may not see in the table', async () => {
      const schema = newSchema()
      await apply(schema)
      const reader = `reader_${randomUUID().replaceAll('-', '')}`
      const view = `"${schema}"."WhatsAppSessionBackupStatus"`
      const table = `"${schema}"."WhatsAppSession"`
      await send(`INSERT INTO "${schema}"."Tenant" (id) VALUES ('a'), ('b')`)
      await send(`INSERT INTO ${table} ("tenantId") VALUES ('a'), ('b')`)
      const client = new pg.Client(config)
      await client.connect()
      try {
        await client.query('BEGIN')
        await client.query(`CREATE ROLE ${reader}; GRANT USAGE ON SCHEMA "${schema}" TO ${reader};
          GRANT SELECT ON ${view}, ${table} TO ${reader}`)
        const seenBy = async (role: string) => {
          await client.query(`SET LOCAL ROLE ${role}`)
          const { rows } = await client.query(`SELECT "tenantId" FROM ${view}`)
          return rows.map((row) => row.tenantId)
        }
        expect(await seenBy('NONE')).toEqual(['a', 'b'])
        expect(await seenBy(reader)).toEqual([])
        await client.query('SET LOCAL ROLE NONE')
        await client.query(`CREATE POLICY own ON ${table} FOR SELECT TO ${reader} USING ("tenantId" = 'b')`)
        expect(await seenBy(reader)).toEqual(['b'])
      } finally {
        await client.query('ROLLBACK')
        await client.end()
      }
    })

    it('keeps a view of the version before, with what was granted on it', async () => {
      const schema = newSchema()
      const before = real.slice(
        0,
        real.findIndex(({ name }) => name.endsWith('_head_size')),
      )
      await apply(schema, before)
      const view = `"${schema}"."WhatsAppSessionBackupStatus"`
      await send(
        `GRANT SELECT ON ${view} TO PUBLIC; CREATE VIEW "${schema}"."Mine" AS SELECT "backupStatus" FROM ${view}`,
      )
      await apply(schema)
      expect(await send(`SELECT "backupStatus" FROM "${schema}"."Mine"`)).toEqual([])
      const granted = await send(`SELECT has_table_privilege('public', $1, 'SELECT') AS may`, [view])
      expect(granted).toEqual([{ may: true }])
      expect(await send(`SELECT "bytes", "files", "host" FROM ${view}`)).toEqual([])
    })

    it('does nothing the second time, and asks little', async () => {
      const schema = newSchema()
      await apply(schema)
      const count = await countStatements(async () => expect(await apply(schema)).toEqual([]))
      expect(count).toBe(2)
      expect(await historyOf(schema)).toHaveLength(real.length)
    })

    it('applies what is new to a database of an older version', async () => {
      const schema = newSchema()
      await apply(schema)
      const next = migration('29990101000000_next', 'CREATE TABLE "Next" (a int)')
      expect(await apply(schema, [...real, next])).toEqual([next.name])
      expect(await send(`SELECT * FROM "${schema}"."Next"`)).toEqual([])
    })

    it('rolls a failing migration back whole, records and reports it, and tries it again at the next start', async () => {
      const schema = newSchema()
      const good = migration('1_good', 'CREATE TABLE "Good" (a int)')
      const bad = migration('2_bad', 'CREATE TABLE "Bad" (a int); INSERT INTO "Missing" VALUES (1)')
      const failure = await apply(schema, [good, bad]).catch((error) => error)
      expect(failure.code).toBe('invalid')
      expect(failure.message).toMatch(/2_bad failed and was rolled back: relation "Missing" does not exist/)
      expect(await send('SELECT to_regclass($1) AS bad', [`"${schema}"."Bad"`])).toEqual([{ bad: null }])
      const recorded = (await historyOf(schema)).find((row) => row.migration_name === '2_bad')
      expect(recorded).toMatchObject({ finished_at: null, applied_steps_count: 0, checksum: bad.checksum })
      expect(recorded!.rolled_back_at).toBeInstanceOf(Date)
      expect(recorded!.logs).toContain('"Missing" does not exist')
      await send(`CREATE TABLE "${schema}"."Missing" (a int)`)
      expect(await apply(schema, [good, bad])).toEqual(['2_bad'])
    })

    it('records a first migration that fails, too', async () => {
      const schema = newSchema()
      await expect(apply(schema, [migration('1_bad', 'nonsense')])).rejects.toMatchObject({ code: 'invalid' })
      expect(await historyOf(schema)).toMatchObject([{ migration_name: '1_bad', finished_at: null }])
    })

    it('refuses a migration that was changed after it was applied', async () => {
      const schema = newSchema()
      await apply(schema)
      const edited = { ...newest, checksum: 'e'.repeat(64) }
      const refusal = apply(schema, [...real.slice(0, -1), edited])
      await expect(refusal).rejects.toMatchObject({
        code: 'invalid',
        message: expect.stringContaining(`${newest.name} is not the one that was applied`),
      })
    })

    it('refuses a database that a newer version has migrated', async () => {
      const schema = newSchema()
      await apply(schema, [...real, migration('29990101000000_newer', 'SELECT 1')])
      await expect(apply(schema)).rejects.toMatchObject({
        code: 'invalid',
        message: expect.stringContaining('29990101000000_newer, which this version does not know'),
      })
    })

    it('refuses to go on after a migration that Prisma’s CLI has left unfinished', async () => {
      const schema = newSchema()
      await apply(schema)
      await send(`UPDATE "${schema}"."_prisma_migrations" SET finished_at = NULL`)
      await expect(apply(schema)).rejects.toMatchObject({
        code: 'invalid',
        message: expect.stringContaining('prisma migrate resolve'),
      })
    })

    itWithManyConnections('has each migration applied once by many processes at once', async () => {
      const schema = newSchema()
      const applied = await Promise.all(Array.from({ length: 8 }, () => apply(schema)))
      // Whoever gets the lock applies the next one; the answers are in the order of the askers.
      expect(applied.flat().toSorted()).toEqual(real.map((file) => file.name))
      expect(await historyOf(schema)).toHaveLength(real.length)
    })

    itWithManyConnections('waits for Prisma’s lock no longer than it may', async () => {
      const holder = new pg.Client(config)
      await holder.connect()
      await holder.query('SELECT pg_advisory_lock(72707369)')
      const refusal = await apply(newSchema(), real, 100).catch((error) => error)
      await holder.end()
      expect(refusal).toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining('Another process'),
      })
    })
  })
}

describeMigrations('PGlite', async () => {
  const database = await PGlite.create()
  const stream = () => new PgliteStream(database)
  return { config: { stream, ssl: false, user: 'postgres' }, close: () => database.close() }
})

if (testDatabaseUrl) {
  const { config } = parseDatabaseUrl(testDatabaseUrl, 'TEST_DATABASE_URL', 20_000)
  describeMigrations('PostgreSQL', async () => ({ config, close: async () => {} }))
} else {
  sayNotRun('migrations on a real PostgreSQL')
}
