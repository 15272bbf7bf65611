import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { memoryRegistry, memoryStore, type SupervisorOptions, systemClock } from '../../src/index.js'
import { type Loopback, type Phone, startLoopback, trustLoopback } from '../../src/loopback/index.js'
import { startSupervisor, temporaryDirectory } from './support.js'

const patient = { timeoutMs: 25_000 }
const tenantId = 'tenant'

let wa: Loopback
let undoTrust: () => void

beforeEach(async () => {
  wa = await startLoopback()
  undoTrust = trustLoopback(wa.rootPublicKey)
})

afterEach(async () => {
  await wa.close()
  undoTrust()
})

function startHost(options: Partial<SupervisorOptions>) {
  const registry = memoryRegistry({ clock: systemClock })
  return startSupervisor({ store: memoryStore(), registry, link: undefined, socketUrl: wa.url, ...options })
}

/** What a kill leaves between storing pair-success and answering it: the creds, and a phone without the device. */
async function killedBeforeTheAnswer(phone: Phone): Promise<string> {
  const first = await startHost({})
  let stored: Promise<string | null> = Promise.resolve(null)
  first.supervisor.on('qr', ({ qr }) => void phone.scan(qr))
  const session = await first.supervisor.start(tenantId)
  await session.waitFor('connected', patient)
  const { creds } = session.socket!.authState
  expect(creds.nextPreKeyId).toBeGreaterThan(1)
  const before = { ...creds, nextPreKeyId: 1, firstUnuploadedPreKeyId: 1 }
  stored = Promise.resolve(JSON.stringify(before, replacer))
  phone.unlink(phone.devices[0]!)
  await session.waitFor('closed', patient)
  const sessionPath = await temporaryDirectory()
  await mkdir(join(sessionPath, tenantId))
  await writeFile(join(sessionPath, tenantId, 'creds.json'), (await stored) ?? '')
  return sessionPath
}
