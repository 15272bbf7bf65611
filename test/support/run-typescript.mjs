// Runs a TypeScript file in a process of its own, on any supported Node: `node run-typescript.mjs <file> [args…]`.
import { runnerImport } from 'vite'

const file = process.argv[2]
process.argv.splice(1, 2, file)
await runnerImport(file, {
  root: new URL('../..', import.meta.url).pathname,
  configFile: false,
  logLevel: 'error',
})
