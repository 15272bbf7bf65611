import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface MigrationFile {
  readonly name: string
  readonly sql: string
  /** Lowercase hex SHA-256 of the file, as Prisma records it. */
  readonly checksum: string
}

/** The migrations of this package, from its sources as from its build: the nearest `prisma/migrations` upwards. */
export function migrationsFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  for (;;) {
    const candidate = join(folder, 'prisma', 'migrations')
    if (existsSync(join(candidate, 'migration_lock.toml'))) return candidate
    const parent = dirname(folder)
    if (parent === folder) throw new Error('The package is incomplete: prisma/migrations is missing.')
    folder = parent
  }
}

/** In the order of their names, which start with a time. */
export async function readMigrations(folder = migrationsFolder()): Promise<MigrationFile[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  return Promise.all(
    names.sort().map(async (name) => {
      const bytes = await readFile(join(folder, name, 'migration.sql'))
      return { name, sql: bytes.toString(), checksum: createHash('sha256').update(bytes).digest('hex') }
    }),
  )
}
