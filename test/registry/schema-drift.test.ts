import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { migrateDatabase } from '../../src/registry/migrate.js'
import { ownDatabase, sayNotRun, testDatabaseUrl } from './postgres.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const cli = createRequire(import.meta.url).resolve('prisma/build/index.js')

function prisma(args: string[], databaseUrl = 'pglite:memory'): Promise<{ code: number; output: string }> {
  const env = { ...process.env, DATABASE_URL: databaseUrl, DIRECT_URL: '', CHECKPOINT_DISABLE: '1', CI: '1' }
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, ...args], { cwd: root, env }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr })
    })
  })
}

const diffTo = (schema: string) =>
  prisma(['migrate', 'diff', '--from-migrations', 'prisma/migrations', '--to-schema', schema, '--exit-code'])

it('has migrations that make exactly the tables of the Prisma schema', async () => {
  const { code, output } = await diffTo('prisma/schema.prisma')
  expect(output).toContain('No difference detected')
  expect(code).toBe(0)
}, 60_000)

it('would notice one column too many in the Prisma schema', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'schema-drift-'))
  const text = await readFile(join(root, 'prisma/schema.prisma'), 'utf8')
  await writeFile(join(folder, 'schema.prisma'), text.replace('qrCode ', 'extra String?\n  qrCode '))
  const { code, output } = await diffTo(join(folder, 'schema.prisma'))
  await rm(folder, { recursive: true })
  expect(output).toContain('extra')
  expect(code).toBe(2)
}, 60_000)

it('has a Prisma schema that the CLI finds valid', async () => {
  expect(await prisma(['validate'])).toMatchObject({ code: 0 })
}, 60_000)

if (testDatabaseUrl) {
  it('leaves a database that Prisma’s own CLI calls up to date', async () => {
    const { url, drop } = await ownDatabase()
    try {
      const before = await prisma(['migrate', 'status'], url)
      expect(before.output).toContain('not yet been applied')
      await migrateDatabase(url)
      const { code, output } = await prisma(['migrate', 'status'], url)
      expect(output).toContain('Database schema is up to date')
      expect(code).toBe(0)
      expect((await prisma(['migrate', 'deploy'], url)).output).toContain('No pending migrations to apply')
    } finally {
      await drop()
    }
  }, 60_000)
} else {
  sayNotRun('the agreement with Prisma’s CLI on a real PostgreSQL')
}
