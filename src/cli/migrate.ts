import type { Command } from 'commander'
import type { Config, RegistryConfig } from '../config.js'
import type { CommandHost } from './command-host.js'
import { describeRegistry } from './describe-config.js'

export function addMigrate(program: Command, host: CommandHost): void {
  program
    .command('migrate')
    .description('bring the tables of DATABASE_URL (through DIRECT_URL) up to date; start does so, too')
    .action(
      host.action(async () => {
        const { configFromEnv } = await import('../config.js')
        for (const line of await migrateRegistry(configFromEnv())) process.stdout.write(`${line}\n`)
        return 0
      }),
    )
}

/** @returns what was done, as lines for a person */
export async function migrateRegistry(config: Config): Promise<string[]> {
  const { registry } = config
  const where = describeRegistry(config)
  switch (registry.kind) {
    case 'memory':
      return ['the registry is kept in memory: nothing to migrate']
    case 'pglite':
      await openOnce(registry)
      return [`${where}: tables up to date`]
    case 'postgresql': {
      const applied = await applyTo(registry)
      await openOnce(registry)
      return applied.length === 0
        ? [`${where}: tables were up to date already`]
        : applied.map((name) => `${where}: migration ${name} applied`)
    }
  }
}

/** Through DIRECT_URL, into the schema that DATABASE_URL names, as the registry itself does. */
async function applyTo({ url, directUrl }: RegistryConfig & { kind: 'postgresql' }): Promise<string[]> {
  const { parseDatabaseUrl } = await import('../registry/connection.js')
  const { applyMigrations } = await import('../registry/migrate.js')
  const timeoutMs = 10_000
  const main = parseDatabaseUrl(url, 'DATABASE_URL', timeoutMs)
  const direct = directUrl ? parseDatabaseUrl(directUrl, 'DIRECT_URL', timeoutMs) : main
  return await applyMigrations({ config: direct.config, schema: main.schema, timeoutMs })
}

/** Proves that it can be used as it will be. */
async function openOnce(config: RegistryConfig & { kind: 'pglite' | 'postgresql' }): Promise<void> {
  const registry =
    config.kind === 'pglite'
      ? (await import('../registry/pglite.js')).pgliteRegistry(config)
      : (await import('../registry/prisma.js')).prismaRegistry(config)
  try {
    await registry.open()
  } finally {
    await registry.close()
  }
}
