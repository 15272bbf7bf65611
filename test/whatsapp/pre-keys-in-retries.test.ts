import { readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { WASocket } from '@whiskeysockets/baileys'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  createSupervisor,
  memoryRegistry,
  memoryStore,
  type Session,
  type SessionFact,
  type Supervisor,
  silentLogger,
  systemClock,
} from '../../src/index.js'
import {
  type Contact,
  type Loopback,
  type Phone,
  startLoopback,
  trustLoopback,
} from '../../src/loopback/index.js'

const tenantId = 'tenant-1'
/** Ample for a frame over the loopback interface. */
const frameMs = 400

describe('a pre-key that goes out with a request to send a message again', () => {
  let wa: Loopback
  let undoTrust: () => void
  let base: string
  let supervisor: Supervisor<WASocket>
  let session: Session<WASocket>
  let phone: Phone
  let contact: Contact
  let facts: SessionFact[]
  /** Uploads wait for this. */
  let open: Promise<void>

  beforeEach(async () => {
    wa = await startLoopback()
    undoTrust = trustLoopback(wa.rootPublicKey)
    base = await mkdtemp(path.join(tmpdir(), 'pre-keys-'))
    open = Promise.resolve()
    facts = []
    const store = memoryStore()
    const put = store.put.bind(store)
    store.put = async (key, body) => {
      await open
      await put(key, body)
    }
    supervisor = await createSupervisor({
      store,
      registry: memoryRegistry({ clock: systemClock }),
      sessionPath: base,
      socketUrl: wa.url,
      signals: false,
      logger: silentLogger,
    })
    phone = wa.phone({ number: '628120000001' })
    contact = wa.contact({ number: '628130000001' })
    supervisor.on('fact', (fact) => void facts.push(fact))
    supervisor.on('qr', ({ qr }) => void phone.scan(qr))
    session = await supervisor.start(tenantId)
    await session.waitFor('connected')
    await contact.send(phone, 'first')
    await session.socket!.sendMessage(contact.jid, { text: 'answer' })
    await contact.waitForReceived(1)
    await contact.send(phone, 'second')
    await wa.waitForStats(({ pending }) => pending === 0)
  })

  afterEach(async () => {
    await supervisor.shutdown()
    await wa.close()
    undoTrust()
    await rm(base, { recursive: true, force: true })
  })

  /** The next message cannot be decrypted: it is asked for twice, the second time with a new pre-key. */
  async function loseSessions(): Promise<void> {
    const ids = readdirSync(path.join(base, tenantId))
      .filter((name) => name.startsWith('session-'))
      .map((name) => name.slice('session-'.length, -'.json'.length))
    expect(ids.length).toBeGreaterThan(0)
    await session.socket!.authState.keys.set({ session: Object.fromEntries(ids.map((id) => [id, null])) })
    await session.backupNow()
  }

  it('is in the store, with the counter above it, before anybody has seen it: its id is never given again', async () => {
    await loseSessions()
    const generation = session.generation
    let release = () => {}
    open = new Promise((resolve) => {
      release = resolve
    })
    await contact.send(phone, 'third')
    await wa.waitForStats(({ undecryptable }) => undecryptable === 1)
    await delay(frameMs)
    // The request that carries the pre-key waits: a kill here, and the loss of the disk, cost nothing.
    expect(wa.stats.undecryptable).toBe(1)
    expect(session.generation).toBe(generation)
    const { nextPreKeyId } = session.socket!.authState.creds
    release()
    await wa.waitForStats(({ undecryptable }) => undecryptable === 2)
    expect(session.generation).toBe(generation + 1)
    expect((await supervisor.tenant(tenantId))?.head?.marks).toEqual({ nextPreKeyId })
    await wa.waitForStats(({ pending }) => pending === 0)
    expect(wa.stats.lost).toBe(0)
    expect(facts.filter(({ type }) => type === 'change.unprotected')).toEqual([])
  })
})
