#!/usr/bin/env node
// In the repository and not built, so that it is there when npx links it: the link to a file that is missing at the first
// call is left out, and not made up for when the file is there.
import { existsSync } from 'node:fs'

const main = new URL('../dist/src/cli/main.js', import.meta.url)
if (existsSync(main)) await import(main.href)
else {
  process.stderr.write(
    'session-supervisor is not built yet: run `npm run build` in its folder, then try again.\n',
  )
  process.exitCode = 1
}
