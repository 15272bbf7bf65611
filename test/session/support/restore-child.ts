import { readFileSync, writeSync } from 'node:fs'
import { systemClock } from '../../../src/ports/clock.js'
import type { Head } from '../../../src/ports/registry.js'
import { openSessionRoot } from '../../../src/session/index.js'
import { directoryStore } from '../../../src/stores/directory.js'

// Restores all heads of a file at once, until it is killed. Tells of each that is done, and of the first thread.
const [path, storePath, headsFile] = process.argv.slice(2) as [string, string, string]
const store = directoryStore({ path: storePath })
const unavailable = (error: unknown) => {
  throw error
}
const program = new URL('./restore-thread.mjs', import.meta.url)
const threads = { most: 2, unavailable, program }
const root = await openSessionRoot({ path, clock: systemClock, random: Math.random, threads })
const heads = JSON.parse(readFileSync(headsFile, 'utf8')) as [string, Head][]
await Promise.all(
  heads.map(async ([tenantId, head]) => {
    const { seq, digest, tree } = head
    const request = { tenantId, head, base: { epoch: 2, head: { seq, digest, tree } } }
    await root.restoreHead(request, { store, checkLive: () => {} })
    writeSync(1, `${tenantId}\n`)
  }),
)
await root.close()
