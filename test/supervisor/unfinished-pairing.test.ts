import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type DeviceLink,
  memoryRegistry,
  memoryStore,
  type SupervisorOptions,
  silentLogger,
  systemClock,
  type WASocket,
} from '../../src/index.js'
import { type Loopback, type Phone, startLoopback, trustLoopback } from '../../src/loopback/index.js'
import { baileysLink } from '../../src/whatsapp/baileys-link.js'
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

/** Real Baileys, and the first creds.json that it has stored. */
function watchedLink(): { link: DeviceLink<WASocket>; stored: () => string } {
  const inner = baileysLink({
    socketConfig: { waWebSocketUrl: wa.url },
    logger: silentLogger,
    clock: systemClock,
    sendLimitMs: 1_000,
    sendAfterBackup: false,
  })
  let first: string | null = null
  const link: DeviceLink<WASocket> = {
    connect: (request) => {
      const { files } = request
      const write: typeof files.write = (batch, urgency) => {
        first ??= batch.get('creds.json') ?? null
        return files.write(batch, urgency)
      }
      return inner.connect({ ...request, files: { read: (name) => files.read(name), write } })
    },
  }
  return { link, stored: () => first! }
}

/** The disk as a kill leaves it between storing pair-success and answering it: WhatsApp has not linked that device. */
async function killedBeforeTheAnswer(phone: Phone): Promise<string> {
  const { link, stored } = watchedLink()
  const { supervisor } = await startHost({ link })
  supervisor.on('qr', ({ qr }) => void phone.scan(qr))
  const session = await supervisor.start(tenantId)
  await session.waitFor('connected', patient)
  await supervisor.shutdown()
  phone.unlink(phone.devices[0]!)
  const sessionPath = await temporaryDirectory()
  await mkdir(join(sessionPath, tenantId))
  await writeFile(join(sessionPath, tenantId, 'creds.json'), stored())
  return sessionPath
}

describe('a pairing that was cut off before WhatsApp had the answer to pair-success', () => {
  it('is begun anew: a code is shown again, and the same session object becomes connected', async () => {
    const phone = wa.phone({ number: '628120000001' })
    const sessionPath = await killedBeforeTheAnswer(phone)
    const { supervisor } = await startHost({ sessionPath })
    const closed: string[] = []
    supervisor.on('closed', ({ reason }) => closed.push(reason))
    supervisor.on('qr', ({ qr }) => void phone.scan(qr))
    const session = await supervisor.start(tenantId)
    await session.waitFor('connected', patient)
    await session.backupNow()
    expect(closed).toEqual([])
    expect(phone.devices).toHaveLength(1)
    // Nothing is thrown away: what was there lies in the quarantine.
    expect(await readdir(join(sessionPath, '.supervisor/quarantine', tenantId))).toHaveLength(1)
    expect(await supervisor.tenant(tenantId)).toMatchObject({ desiredState: 'running' })
  })

  it('ends as logged out where no code may be shown', async () => {
    const phone = wa.phone({ number: '628120000001' })
    const sessionPath = await killedBeforeTheAnswer(phone)
    const { supervisor } = await startHost({ sessionPath })
    const session = await supervisor.start(tenantId, { mayPair: false })
    await session.waitFor('closed', patient)
    expect(session.result).toMatchObject({ reason: 'loggedOut', lastError: null })
  })

  it('can be stopped while it begins anew', async () => {
    const phone = wa.phone({ number: '628120000001' })
    const sessionPath = await killedBeforeTheAnswer(phone)
    const { supervisor } = await startHost({ sessionPath })
    const session = await supervisor.start(tenantId)
    await session.waitFor('pairing', patient)
    expect(await session.stop()).toMatchObject({ reason: 'stopped', unsaved: 0 })
  })
})
