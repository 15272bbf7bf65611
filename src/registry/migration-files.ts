import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SessionError } from '../errors.js'

export interface MigrationFile {
  readonly name: string
  readonly sql: string
  /** Lowercase hex SHA-256 of the file, as Prisma records it. */
  readonly checksum: string
}

const packageName = 'baileys-session-supervisor'

/**
 * The migrations of this package, from its sources as from its build: `prisma/migrations` beside its package.json,
 * and beside no other, for an application that bundles this code may have migrations of its own further up.
 */
export function migrationsFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  for (;;) {
    const candidate = join(folder, 'prisma', 'migrations')
    if (isOurs(join(folder, 'package.json')) && existsSync(candidate)) return candidate
    const parent = dirname(folder)
    if (parent === folder) throw incompleteError()
    folder = parent
  }
}

function isOurs(packageJson: string): boolean {
  return existsSync(packageJson) && JSON.parse(readFileSync(packageJson, 'utf8')).name === packageName
}

function incompleteError(): SessionError {
  return new SessionError(
    'invalid',
    `The migrations of ${packageName} are not beside its code. Install the package again, or, when it is bundled, ` +
      'declare it external to the bundler.',
  )
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
