import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { WASocket } from '@whiskeysockets/baileys'
import { assembleSupervisor } from '../../src/assemble-supervisor.js'
import { SessionError } from '../../src/errors.js'
import { silentLogger } from '../../src/ports/logger.js'
import { memoryRegistry } from '../../src/registry/memory.js'
import { openSessionRoot } from '../../src/session/index.js'
import { checkSettings } from '../../src/settings.js'
import { type MemoryObjects, memoryStore } from '../../src/stores/memory.js'
import type { Supervisor } from '../../src/supervisor.js'
import { FakeLink } from '../support/fake-link.js'
import { MemoryDisk } from '../support/memory-disk.js'
import { settled, VirtualClock } from '../support/virtual-clock.js'

/*
 * As a process: starts and stops sessions of one supervisor, over and over, and tells now and then how many bytes of
 * heap are in use after a collection of garbage.
 */
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const [mode = 'one', total = '10000', every = '500'] = process.argv.slice(2)
const clock = new VirtualClock()
const disk = new MemoryDisk(() => clock.now())
const objects: MemoryObjects = new Map()
const registry = memoryRegistry({ clock })
const link = new FakeLink()

async function begin(): Promise<Supervisor<WASocket>> {
  await registry.open()
  const random = () => 0.5
  const lock = async () => ({ release: async () => {} })
  const root = await openSessionRoot({ path: '/sessions', clock, random, disk: disk.handle(), lock })
  const settings = checkSettings({ commitLingerMs: 0 })
  const store = memoryStore({ objects, clock })
  if (mode === 'waiting') {
    store.check = () => Promise.reject(new SessionError('unavailable', 'The store does not answer.'))
  }
  return assembleSupervisor({ settings, logger: silentLogger, clock, random, store, registry, root, link })
}

/** Lets everything run, timers included, until `promise` settles. */
async function through<T>(promise: Promise<T>): Promise<T> {
  let over = false
  const watched = promise.finally(() => {
    over = true
  })
  while (!over) {
    await settled()
    if (!over) clock.step()
  }
  return watched
}

/** Restored or paired, connected, changed, backed up, stopped. */
async function cycle(supervisor: Supervisor<WASocket>, tenantId: string, n: number): Promise<void> {
  const session = await supervisor.start(tenantId)
  const connection = await through(link.connection(tenantId))
  if (connection.request.hasSession) connection.open('628120000001')
  else {
    connection.code('qr', 'a code')
    await connection.pair('628120000001')
  }
  await through(session.waitFor('connected'))
  await connection.write(new Map([[`session-${n % 10}.json`, `{"n":${n}}`]]))
  const { unsaved } = await through(session.stop())
  if (unsaved > 0) throw new Error('It did not end in order.')
}

/** A local session of 20 kB that is not paired, and a store that cannot be asked: it waits, and is stopped. */
async function waitingCycle(supervisor: Supervisor<WASocket>, tenantId: string): Promise<void> {
  const folder = `/sessions/${tenantId}`
  disk.handle().makeDirectory(folder)
  const content = JSON.stringify({ noiseKey: `${tenantId}-`.repeat(20_000 / tenantId.length) })
  disk.handle().create(`${folder}/creds.json`, Buffer.from(content))
  const session = await supervisor.start(tenantId)
  while (session.lastError === null) {
    await settled()
    clock.step()
  }
  await through(session.stop())
}

/** What the disk, the store and the link of this harness keep is theirs, not the supervisor's. */
async function tidy(tenantId: string): Promise<void> {
  link.connections.length = 0
  const head = (await registry.read(tenantId))?.head
  for (const key of objects.keys()) if (mode !== 'one' || key !== head?.key) objects.delete(key)
  if (mode !== 'one') disk.handle().removeTree(`/sessions/${tenantId}`)
}

const supervisor = await begin()
const samples: [cycles: number, bytes: number][] = []
for (let n = 1; n <= Number(total); n++) {
  const tenantId = mode === 'one' ? 'tenant' : `tenant-${n}`
  if (mode === 'waiting') await waitingCycle(supervisor, tenantId)
  else await cycle(supervisor, tenantId, n)
  await tidy(tenantId)
  if (n % Number(every) !== 0) continue
  // The clock forgets a timer that was cancelled when its time comes.
  await clock.advance(1_000_000)
  collectGarbage()
  samples.push([n, process.memoryUsage().heapUsed])
}
await through(supervisor.shutdown())
process.send!({ samples, timersLeft: clock.pending })
process.disconnect()
