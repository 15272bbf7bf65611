import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { WASocket } from '@whiskeysockets/baileys'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  createSupervisor,
  memoryRegistry,
  memoryStore,
  type ObjectStore,
  type SessionFact,
  type Supervisor,
  systemClock,
} from '../../src/index.js'
import { type Loopback, type Phone, startLoopback, trustLoopback } from '../../src/loopback/index.js'

/** A store whose uploads can be kept from being durable. */
function holdingStore() {
  const inner = memoryStore()
  let open: Promise<void> = Promise.resolve()
  let waiting = () => {}
  const uploading = () =>
    new Promise<void>((resolve) => {
      waiting = resolve
    })
  const store: ObjectStore = {
    name: inner.name,
    check: () => inner.check(),
    put: async (key, body) => {
      waiting()
      await open
      await inner.put(key, body)
    },
    get: (key) => inner.get(key),
    list: (prefix) => inner.list(prefix),
    listTenants: () => inner.listTenants(),
    remove: (keys) => inner.remove(keys),
    close: () => inner.close(),
  }
  const hold = () => {
    let release = () => {}
    open = new Promise((resolve) => {
      release = () => resolve()
    })
    return () => release()
  }
  return { store, hold, uploading }
}

describe('with sendAfterBackup', () => {
  let wa: Loopback
  let undoTrust: () => void
  let base: string
  let supervisor: Supervisor<WASocket>
  let phone: Phone
  let facts: SessionFact[]
  let held: ReturnType<typeof holdingStore>

  beforeEach(async () => {
    wa = await startLoopback()
    undoTrust = trustLoopback(wa.rootPublicKey)
    base = await mkdtemp(path.join(tmpdir(), 'send-after-backup-'))
    held = holdingStore()
    facts = []
    phone = wa.phone({ number: '628120000001' })
    supervisor = await createSupervisor({
      store: held.store,
      registry: memoryRegistry({ clock: systemClock }),
      sessionPath: base,
      socketUrl: wa.url,
      signals: false,
      settings: { sendAfterBackup: true, barrierLimitMs: 15_000 },
    })
    supervisor.on('fact', (fact) => void facts.push(fact))
    supervisor.on('qr', ({ qr }) => void phone.scan(qr))
    await (await supervisor.start('tenant-1')).waitFor('connected')
    await phone.devices[0]!.waitForOnline()
  })
  afterEach(async () => {
    await supervisor.shutdown()
    await wa.close()
    undoTrust()
    await rm(base, { recursive: true, force: true })
  })

  const socket = () => supervisor.get('tenant-1')!.socket!
  const unprotected = () => facts.filter(({ type }) => type === 'change.unprotected')

  it('lets a message out, and says that it is sent, only when its ratchet step is in the store', async () => {
    const ann = wa.contact({ number: '628130000001' })
    await socket().sendMessage(ann.jid, { text: 'first' })
    await ann.waitForReceived(1)
    await supervisor.get('tenant-1')!.backupNow()
    const release = held.hold()
    const uploading = held.uploading()
    const said = vi.fn()
    const sending = socket().sendMessage(ann.jid, { text: 'second' }).then(said)
    await uploading
    // Whatever went out would have arrived before the answer to this.
    await ann.send(phone, 'meanwhile')
    await wa.waitForStats(({ delivered }) => delivered === 1)
    expect(ann.received.map(({ text }) => text)).toEqual(['first'])
    expect(said).not.toHaveBeenCalled()
    release()
    await sending
    await ann.waitForReceived(2)
    expect(unprotected()).toEqual([])
  })

  it('rejects what was sent when the connection ends before the step is in the store', async () => {
    const ann = wa.contact({ number: '628130000001' })
    await socket().sendMessage(ann.jid, { text: 'first' })
    await ann.waitForReceived(1)
    await supervisor.get('tenant-1')!.backupNow()
    const release = held.hold()
    const uploading = held.uploading()
    const outcome = socket()
      .sendMessage(ann.jid, { text: 'never leaves' })
      .then(
        () => 'sent',
        (error: unknown) => (error as { code?: string }).code,
      )
    await uploading
    wa.faults.drop(phone.devices[0]!)
    expect(await outcome).toBe('unavailable')
    release()
    await supervisor.get('tenant-1')!.waitFor('connected')
    await socket().sendMessage(ann.jid, { text: 'second' })
    await ann.waitForReceived(2)
    expect(ann.received.map(({ text }) => text)).toEqual(['first', 'second'])
    expect(wa.stats.undecryptable).toBe(0)
  })

  it('sends to a group whose members it must first ask keys for: the questions do not wait for the message', async () => {
    const members = ['1', '2', '3', '4'].map((digit) => wa.contact({ number: `62813000000${digit}` }))
    const group = wa.group({ subject: 'Team', members: [phone, ...members] })
    await socket().sendMessage(group.jid, { text: 'one' })
    await socket().sendMessage(group.jid, { text: 'two' })
    for (const member of members) await member.waitForReceived(2)
    expect(unprotected()).toEqual([])
    expect(wa.stats).toMatchObject({ undecryptable: 0, missing: 0 })
  })

  it('keeps the order of many messages that cross others of the same contacts', async () => {
    const contacts = ['1', '2', '3'].map((digit) => wa.contact({ number: `62813000000${digit}` }))
    const rounds = Array.from({ length: 10 }, (_, round) => String(round))
    await Promise.all(
      contacts.flatMap((contact) =>
        rounds.flatMap((text) => [socket().sendMessage(contact.jid, { text }), contact.send(phone, text)]),
      ),
    )
    for (const contact of contacts) await contact.waitForReceived(rounds.length)
    await wa.waitForStats(({ pending }) => pending === 0)
    for (const contact of contacts) expect(contact.received.map(({ text }) => text)).toEqual(rounds)
    expect(unprotected()).toEqual([])
    expect(wa.stats).toMatchObject({ undecryptable: 0, missing: 0, lost: 0 })
  })
})
