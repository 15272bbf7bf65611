import { EventEmitter } from 'node:events'
import type { WASocket } from '@whiskeysockets/baileys'
import { describe, expect, it } from 'vitest'
import { memoryRegistry, memoryStore, type SessionFact, systemClock } from '../../src/index.js'
import type { Logger } from '../../src/ports/index.js'
import { containErrors } from '../../src/whatsapp/contained-errors.js'
import { eachWithLoopback } from '../loopback/setup.js'
import { startSupervisor } from '../supervisor/support.js'

const patient = { timeoutMs: 20_000 }
const settings = { backoffBaseMs: 20, backoffMaxMs: 100 }

// An unhandled rejection fails a test here; in production it ended the process, with all of its tenants. Found by
// hostile frames against a running server.
describe('what WhatsApp sends', () => {
  const world = eachWithLoopback()

  async function paired() {
    const closed: number[] = []
    const { supervisor } = await startSupervisor({
      store: memoryStore(),
      registry: memoryRegistry({ clock: systemClock }),
      link: undefined,
      socketUrl: world.wa.url,
      settings,
    })
    supervisor.on('fact', (fact: SessionFact) => {
      if (fact.type === 'link.closed') closed.push(fact.code)
    })
    const phone = world.wa.phone({ number: '628120000001' })
    supervisor.on('qr', ({ qr }) => void phone.scan(qr))
    const session = await supervisor.start('tenant')
    await session.waitFor('connected', patient)
    const [device] = phone.devices
    await device!.waitForOnline(patient)
    closed.length = 0
    const answers = async () => {
      await device!.waitForOnline(patient)
      await world.wa.contact({ number: '628130000001' }).send(phone, 'hello')
      await world.wa.waitForStats(({ pending }) => pending === 0, patient)
    }
    return { device: device!, closed, answers }
  }

  it('may be out of step: the session reconnects', async () => {
    const { device, closed, answers } = await paired()
    world.wa.faults.garble(device)
    world.wa.faults.garble(device)
    await device.waitForOffline(patient)
    await answers()
    expect(closed).toEqual([500])
    expect(world.wa.stats).toMatchObject({ pairings: 1, undecryptable: 0 })
  })

  it('may lack what Baileys takes for granted: the session goes on', async () => {
    const { device, closed, answers } = await paired()
    const offer = { tag: 'pair-device', attrs: {}, content: [{ tag: 'ref', attrs: {} }] }
    device.connection!.send({ tag: 'iq', attrs: { type: 'set', id: '1' }, content: [offer] })
    await answers()
    expect(closed).toEqual([])
  })
})

describe('a frame', () => {
  const told: { stanza: string; text: string }[] = []
  const warn = (fields: object, text: string) =>
    told.push({ stanza: (fields as { stanza: string }).stanza, text })
  const logger = { warn } as unknown as Logger

  function contained() {
    told.length = 0
    const ends: unknown[] = []
    const ws = Object.assign(new EventEmitter(), { isOpen: true })
    const end = async (error: unknown) => void ends.push(error)
    containErrors({ ws, end } as unknown as Pick<WASocket, 'ws' | 'end'>, { tenantId: 'tenant', logger })
    return { ws, ends }
  }
  const turns = () => new Promise((resolve) => setImmediate(resolve))

  it('that cannot be read is passed over, and what came with it is read', async () => {
    const { ws, ends } = contained()
    const frames: string[] = []
    let rest: string[] = ['bad', 'good', 'bad', 'good']
    ws.on('message', async () => {
      for (let frame = rest.shift(); frame !== undefined; frame = rest.shift()) {
        if (frame === 'bad') throw new Error('end of stream')
        ws.emit('frame', frame)
        frames.push(frame)
      }
    })
    ws.emit('message', Buffer.from('all four'))
    await turns()
    expect(frames).toEqual(['good', 'good'])
    expect(ends).toEqual([])

    rest = ['bad', 'bad']
    ws.emit('message', Buffer.from('two'))
    await turns()
    expect(ends).toHaveLength(1)
  })

  it('that Baileys fails on is told once for each kind, with nothing of what it holds', async () => {
    const { ws } = contained()
    const event = 'CB:message,from:628130000001@s.whatsapp.net'
    const seen: unknown[] = []
    ws.on(event, () => {
      throw new TypeError('Cannot read 628130000001')
    })
    ws.on(event, async () => await Promise.reject(new Error('628130000001')))
    ws.once(event, (node) => void seen.push(node))
    expect(ws.emit(event, 'node')).toBe(true)
    expect(ws.emit(event, 'again')).toBe(true)
    expect(ws.emit('CB:other')).toBe(false)
    await turns()
    expect(seen).toEqual(['node'])
    expect(told).toEqual([{ stanza: 'message', text: expect.stringContaining('the session goes on') }])
  })
})
