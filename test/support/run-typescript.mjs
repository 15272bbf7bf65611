// Runs a TypeScript file in a process of its own, on any supported Node: `node run-typescript.mjs <file> [args…]`.
import { fileURLToPath } from 'node:url'
import { createServer, createServerModuleRunner } from 'vite'

const file = process.argv[2]
process.argv.splice(1, 2, file)
const server = await createServer({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  configFile: false,
  logLevel: 'error',
  server: { middlewareMode: true, watch: null, ws: false, hmr: false },
  optimizeDeps: { noDiscovery: true },
})
await createServerModuleRunner(server.environments.ssr, { hmr: false }).import(file)
