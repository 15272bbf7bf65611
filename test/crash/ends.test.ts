import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Loopback, startLoopback } from '../../src/loopback/index.js'
import { temporaryDirectory } from '../supervisor/support.js'

const script = fileURLToPath(new URL('./short-life.mjs', import.meta.url))
const dist = fileURLToPath(new URL('../../dist', import.meta.url))

/** It takes one second, the limit for a server that does not answer the close; a loaded machine takes longer. */
const endLimitMs = 6_000

let wa: Loopback

beforeEach(async () => {
  wa = await startLoopback()
})

afterEach(() => wa.close())

async function shortLife(
  onEvent: (event: { type: string; qr: string }, stdin: NodeJS.WritableStream) => void,
) {
  const { url, rootPublicKey } = wa
  const options = { url, rootPublicKey, sessionPath: await temporaryDirectory() }
  const child = spawn(process.execPath, [script, dist, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  let downAt = Number.NaN
  createInterface({ input: child.stdout }).on('line', (line) => {
    const event = JSON.parse(line)
    if (event.type === 'down') downAt = performance.now()
    onEvent(event, child.stdin)
  })
  const [code, signal] = await exited
  return { code, signal, lingeredMs: performance.now() - downAt }
}

describe('a program that shuts its supervisor down', () => {
  it('ends by itself, right after an upload of pre-keys and with a query that WhatsApp never answers', async () => {
    const phone = wa.phone({ number: '628120000001' })
    const contact = wa.contact({ number: '628130000001' })
    const { code, signal, lingeredMs } = await shortLife((event, stdin) => {
      if (event.type === 'qr') void phone.scan(event.qr)
      if (event.type === 'connected') void contact.send(phone, 'a message')
      if (event.type !== 'answered') return
      wa.faults.mute(phone.devices[0]!)
      stdin.write('shut down\n')
    })
    // Baileys' timers: 30 s after an upload, 60 s for a query.
    expect(lingeredMs).toBeLessThan(endLimitMs)
    expect({ code, signal }).toEqual({ code: 0, signal: null })
    expect(wa.stats.preKeysUploaded).toBeGreaterThan(800)
  })
})
