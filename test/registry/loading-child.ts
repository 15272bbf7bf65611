import inspector from 'node:inspector'
import { systemClock } from '../../src/ports/clock.js'
import { memoryRegistry } from '../../src/registry/memory.js'
import { pgliteRegistry } from '../../src/registry/pglite.js'
import { prismaRegistry } from '../../src/registry/prisma.js'

// Opens one registry where all could be chosen, and tells whether the embedded database's code was loaded for it.
const [kind, target] = process.argv.slice(2)
const urls: string[] = []
const session = new inspector.Session()
session.connect()
session.on('Debugger.scriptParsed', ({ params }) => urls.push(params.url))
session.post('Debugger.enable')
const choices = {
  memory: () => memoryRegistry({ clock: systemClock }),
  pglite: () => pgliteRegistry({ path: target! }),
  postgresql: () => prismaRegistry({ url: target!, timeoutMs: 2_000 }),
}
const registry = choices[kind as keyof typeof choices]()
const outcome = await registry.open().then(
  () => 'open',
  (error) => error.code,
)
const isLoaded = (part: string) => urls.some((url) => url.includes(part))
process.send!({ outcome, embedded: isLoaded('@electric-sql/pglite'), driver: isLoaded('node_modules/pg/') })
await registry.close()
process.disconnect()
