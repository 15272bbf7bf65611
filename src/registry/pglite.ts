import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, rename, rm, statfs } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { SessionError } from '../errors.js'
import { type DirectoryLock, lockDirectory } from '../ports/directory-lock.js'
import type { Registry } from '../ports/registry.js'
import { type Database, SqlRegistry } from './sql-registry.js'

export interface PgliteRegistryOptions {
  /** A directory of its own; created when absent. */
  readonly path: string
  /** Time between `VACUUM`s, which nothing else does in the embedded database (17 ms each). Default 300,000. */
  readonly vacuumIntervalMs?: number
}

/** Statements wait for one backend, and the first start of the database takes seconds. */
const timeoutMs = 60_000

/** A new one was measured to take 39 MiB. */
const neededBytes = 48 * 1024 * 1024

const draftPrefix = 'postgres.new-'

/**
 * The registry in an embedded PostgreSQL (PGlite): no server, one process a directory. Survives kill -9; a power
 * failure may lose it, after which it is rebuilt from the store. Takes about 150 MB of memory, from
 * `open` on.
 */
export function pgliteRegistry(options: PgliteRegistryOptions): Registry {
  return new SqlRegistry('pglite', () => open(options))
}

async function open({ path, vacuumIntervalMs = 300_000 }: PgliteRegistryOptions): Promise<Database> {
  const lock = await lockDirectory(path, { what: 'The embedded registry' })
  try {
    return await openLocked(path, lock, vacuumIntervalMs)
  } catch (error) {
    await lock.release()
    throw error
  }
}

async function openLocked(path: string, lock: DirectoryLock, vacuumIntervalMs: number): Promise<Database> {
  const { default: pg } = await import('pg')
  const { connectPrisma } = await import('./prisma.js')
  const { applyMigrations } = await import('./migrate.js')
  const { PgliteStream } = await import('./pglite-stream.js')
  const embedded = await openEmbedded(path)
  const config = {
    stream: () => new PgliteStream(embedded),
    ssl: false,
    user: 'postgres',
    database: 'postgres',
  }
  try {
    await applyMigrations({ config, schema: 'public', timeoutMs })
  } catch (error) {
    await embedded.close()
    throw error
  }
  const pool = new pg.Pool({ ...config, max: 1, idleTimeoutMillis: 0, connectionTimeoutMillis: timeoutMs })
  const database = connectPrisma(pool, 'public', timeoutMs)
  const vacuum = setInterval(() => {
    // One that fails is repeated at the next turn; until then the files only grow.
    pool.query('VACUUM "WhatsAppSession", "SessionHost"').catch(() => {})
  }, vacuumIntervalMs)
  vacuum.unref()
  const close = async () => {
    clearInterval(vacuum)
    await database.close()
    await embedded.close()
    await lock.release()
  }
  return { ...database, close }
}

/** Initialised beside its place and renamed, so that a kill in the middle leaves nothing half made. */
async function openEmbedded(path: string) {
  const place = join(path, 'postgres')
  const drafts = (await readdir(path)).filter((name) => name.startsWith(draftPrefix))
  // An orphan may still be writing to its own for a moment; what stays of it goes at the next start.
  await Promise.allSettled(drafts.map((name) => rm(join(path, name), { recursive: true, force: true })))
  if (!existsSync(place)) {
    await refuseFullDisk(path)
    const draft = join(path, `${draftPrefix}${process.pid}`)
    await rm(draft, { recursive: true, force: true })
    await initialise(draft)
    await rename(draft, place)
  }
  return start(place)
}

/** A database that finds no room while it is made waits for ever, and says nothing. */
async function refuseFullDisk(path: string): Promise<void> {
  // A file system that cannot tell is not asked twice.
  const space = await statfs(path).catch(() => null)
  if (space === null || space.bavail * space.bsize >= neededBytes) return
  throw new SessionError(
    'diskFull',
    `The embedded registry cannot be made at ${path}: it needs ${neededBytes / 2 ** 20} MiB, and the disk has ${Math.floor((space.bavail * space.bsize) / 2 ** 20)} MiB left. Free some space, choose another DATA_PATH, or set DATABASE_URL.`,
  )
}

/** In a process of its own, whose 150 MB of memory go with it; in this one where none can be started. */
async function initialise(dataDir: string): Promise<void> {
  const module = createRequire(import.meta.url).resolve('@electric-sql/pglite')
  // Its standard input ends when this process dies, and it does then, too.
  const script = `process.stdin.on('end', () => process.exit(1)).resume()
    require(process.argv[1]).PGlite.create({ dataDir: process.argv[2] })
      .then((database) => database.close()).then(() => process.exit(0), () => process.exit(1))`
  const child = spawn(process.execPath, ['-e', script, module, dataDir], {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const isDone = await new Promise<boolean>((resolve) => {
    child.once('error', () => resolve(false))
    child.once('exit', (code) => resolve(code === 0))
  })
  if (isDone) return
  await rm(dataDir, { recursive: true, force: true })
  await (await start(dataDir)).close()
}

async function start(dataDir: string) {
  const { PGlite } = await import('@electric-sql/pglite')
  try {
    // 16 MB of buffers, where the default takes over 100 MB more for a table of a few pages a tenant.
    const startParams = [...PGlite.defaultStartParams, '-c', 'shared_buffers=16MB']
    return await PGlite.create({ dataDir, startParams })
  } catch (cause) {
    throw new SessionError(
      'corrupt',
      `The embedded registry at ${dataDir} cannot be opened. It was left as it is; move the directory away and start ` +
        'again: the registry is rebuilt from the object store.',
      { cause },
    )
  }
}
