import { EventEmitter } from 'node:events'
import type { WASocket } from '@whiskeysockets/baileys'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { type KeyFileBatch, silentLogger } from '../../src/ports/index.js'
import { ReceivedSteps } from '../../src/whatsapp/received-steps.js'
import type { SendGate } from '../../src/whatsapp/send-gate.js'

const ann = '628130000001@s.whatsapp.net'
const session = 'session-628130000001.0.json'
const limitMs = 150

let timers: { run: () => void; delayMs: number }[]
let written: [string, string | null][]
let awaited: [string, string | null][]
let holds: Promise<unknown>[]
let passages: { resolve(): void; reject(error: Error): void }[]
let steps: ReceivedSteps
let socket: { signalRepository: WASocket['signalRepository']; ev: EventEmitter; ws: EventEmitter }
let decrypt: (batch: KeyFileBatch) => Promise<void>

beforeEach(() => {
  timers = []
  written = []
  awaited = []
  holds = []
  passages = []
  const gate: SendGate = {
    hold: (until) => void holds.push(until),
    passed: () => new Promise<void>((resolve, reject) => void passages.push({ resolve, reject })),
    idle: () => Promise.resolve(),
  }
  let position = 0
  const into = (list: [string, string | null][]) => async (batch: KeyFileBatch) => {
    list.push(...batch)
    return ++position
  }
  steps = new ReceivedSteps({
    files: { read: async () => 'before', write: into(awaited) },
    unawaited: { write: into(written) },
    logger: silentLogger,
    limitMs,
    clock: {
      now: () => 0,
      setTimeout: (run, delayMs) => timers.push({ run, delayMs }) - 1,
      clearTimeout: (id) => void delete timers[id as number],
    },
  })
  decrypt = async (batch) => void (await steps.files.write(batch))
  const repository = {
    decryptMessage: async () => {
      await decrypt(new Map([[session, 'after']]))
      return Buffer.from('text')
    },
    decryptGroupMessage: async () => Buffer.from('text'),
    encryptMessage: async () => {
      await steps.files.write(new Map([[session, 'answered']]))
      return { type: 'msg', ciphertext: Buffer.from('answer') }
    },
    jidToSignalProtocolAddress: (jid: string) => `${jid.split('@')[0]}.0`,
    lidMapping: { getLIDForPN: async () => null },
  }
  socket = {
    signalRepository: repository as unknown as WASocket['signalRepository'],
    ev: new EventEmitter(),
    ws: new EventEmitter(),
  }
  const asSocket = socket as unknown as WASocket
  steps.attach(asSocket, gate)
  steps.attachToSends(asSocket)
})

const turns = () => new Promise((resolve) => setImmediate(resolve))

/** As Baileys: the node comes in, is decrypted, its receipt goes to the gate, and the application is told. */
async function receive(id: string) {
  const ciphertext = Buffer.from('secret')
  const content = [{ tag: 'enc', attrs: { type: 'msg' }, content: ciphertext }]
  socket.ws.emit('CB:message', { tag: 'message', attrs: { id }, content })
  return await socket.signalRepository.decryptMessage({ jid: ann, type: 'msg', ciphertext })
}

const tellApplication = (id: string) => socket.ev.emit('messages.upsert', { messages: [{ key: { id } }] })

describe('what decrypting a message changed', () => {
  it('is read at once, and written when the application has the message and its receipt is out', async () => {
    await receive('a')
    expect(await steps.files.read(session)).toBe('after')
    await turns()
    expect(passages).toEqual([])
    tellApplication('a')
    await turns()
    expect(written).toEqual([])
    passages[0]!.resolve()
    await turns()
    expect(written).toEqual([[session, 'after']])
    expect(await steps.files.read(session)).toBe('before')
  })

  it('is written once, as the last message left it, when several follow each other', async () => {
    await receive('a')
    decrypt = async () => void (await steps.files.write(new Map([[session, 'later']])))
    await receive('b')
    tellApplication('a')
    await turns()
    passages[0]!.resolve()
    await turns()
    expect(written).toEqual([])
    tellApplication('b')
    await turns()
    passages[1]!.resolve()
    await turns()
    expect(written).toEqual([[session, 'later']])
  })

  it('is dropped when the connection ends before the receipt is out', async () => {
    await receive('a')
    tellApplication('a')
    await turns()
    steps.drop()
    passages[0]!.reject(new Error('the connection ended'))
    await turns()
    expect(written).toEqual([])
    expect(await steps.files.read(session)).toBe('before')
  })
})

describe('a receipt', () => {
  it('is held until the application has that very message', async () => {
    await receive('a')
    const open = vi.fn()
    void holds[0]!.then(open)
    tellApplication('another')
    await turns()
    expect(open).not.toHaveBeenCalled()
    tellApplication('a')
    await turns()
    expect(open).toHaveBeenCalled()
    expect(timers.filter(Boolean)).toEqual([])
  })

  it('is held no longer than the limit', async () => {
    await receive('a')
    const open = vi.fn()
    void holds[0]!.then(open)
    expect(timers[0]!.delayMs).toBe(limitMs)
    timers[0]!.run()
    await turns()
    expect(open).toHaveBeenCalled()
  })

  it('of a message that cannot be decrypted holds nothing', async () => {
    decrypt = () => Promise.reject(new Error('Bad MAC'))
    await expect(receive('a')).rejects.toThrow('Bad MAC')
    await turns()
    expect(holds).toEqual([])
    expect(timers.filter(Boolean)).toEqual([])
  })
})

describe('an answer', () => {
  it('waits until the receipt of what it builds on is out', async () => {
    await receive('a')
    const answer = socket.signalRepository.encryptMessage({ jid: ann, data: Buffer.from('answer') })
    tellApplication('a')
    await turns()
    expect(awaited).toEqual([])
    passages[0]!.resolve()
    await answer
    expect(awaited).toEqual([[session, 'answered']])
  })

  it('to somebody else does not wait', async () => {
    await receive('a')
    await socket.signalRepository.encryptMessage({
      jid: '628130000002@s.whatsapp.net',
      data: Buffer.from('hi'),
    })
    expect(awaited).toHaveLength(1)
  })
})
