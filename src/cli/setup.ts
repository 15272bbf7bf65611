import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import pc from 'picocolors'
import type { Config } from '../config.js'
import type { CommandHost } from './command-host.js'
import { describeStore } from './describe-config.js'
import { migrateRegistry } from './migrate.js'

export function addSetup(program: Command, host: CommandHost): void {
  program
    .command('setup')
    .description('create or mend the Supabase bucket and the tables; safe to run again')
    .action(host.action(() => setup()))
}

async function setup(): Promise<number> {
  const { configFromEnv } = await import('../config.js')
  const config = configFromEnv()
  const done = [...(await prepareStore(config)), ...(await migrateRegistry(config))]
  for (const line of done) process.stdout.write(`${pc.green('✓')} ${line}\n`)
  if (config.store.kind === 'supabase') process.stdout.write(`\n${policyAdvice()}\n`)
  process.stdout.write('\nNext: npx session-supervisor start\n')
  return 0
}

async function prepareStore(config: Config): Promise<string[]> {
  if (config.store.kind !== 'supabase') {
    return [`backups go to ${describeStore(config)}: nothing to set up (set SUPABASE_URL to use Supabase)`]
  }
  const { setupSupabaseBucket } = await import('../stores/index.js')
  const { actions } = await setupSupabaseBucket(config.store)
  // The last line is about what only a person can do; it is told on its own.
  return actions.slice(0, -1)
}

function policyAdvice(): string {
  return [
    'One step is left to you, because the API cannot do it: access policies. Only needed when people sign in to',
    'this Supabase project; without them nobody but the service key sees a session, which is safe. In the SQL editor',
    `of the project run the file ${policyFile()}`,
  ].join('\n')
}

/** Beside the package's sources as beside its build. */
function policyFile(): string {
  let folder = path.dirname(fileURLToPath(import.meta.url))
  while (folder !== path.dirname(folder)) {
    const file = path.join(folder, 'prisma', 'supabase-storage.sql')
    if (existsSync(file)) return path.relative(process.cwd(), file)
    folder = path.dirname(folder)
  }
  return 'prisma/supabase-storage.sql of the package'
}
