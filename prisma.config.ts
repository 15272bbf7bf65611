import { fileURLToPath } from 'node:url'
import { defineConfig } from 'prisma/config'

// The CLI wants to download its native schema engine before any command, and fails where only the npm registry can
// be reached. The stand-in answers from npm's WebAssembly engine; Windows cannot run a script as a binary, and there
// any executable is enough for `generate` and `validate`.
const standIn = fileURLToPath(new URL('prisma/dev/schema-engine.mjs', import.meta.url))
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= process.platform === 'win32' ? process.execPath : standIn

const url = process.env.DIRECT_URL || process.env.DATABASE_URL

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  ...(url ? { datasource: { url } } : {}),
})
