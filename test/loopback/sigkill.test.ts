import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Loopback, startLoopback } from '../../src/loopback/index.js'

const script = fileURLToPath(new URL('./child-bot.mjs', import.meta.url))

describe('a bot in another process', () => {
  let wa: Loopback
  let directory: string
  let child: ChildProcess | undefined

  beforeEach(async () => {
    wa = await startLoopback()
    directory = await mkdtemp(join(tmpdir(), 'loopback-'))
  })
  afterEach(async () => {
    if (child) await kill(child)
    await wa.close()
    await rm(directory, { recursive: true })
  })

  const spawn = () => fork(script, [directory, wa.url, wa.rootPublicKey])

  async function kill(process: ChildProcess): Promise<void> {
    if (process.exitCode !== null || process.signalCode !== null) return
    process.kill('SIGKILL')
    await once(process, 'exit')
  }

  it('is killed again and again in the middle of traffic, and no message stays behind', async () => {
    const phone = wa.phone({ number: '628120000001' })
    const contacts = ['628120000002', '628120000003'].map((number) => wa.contact({ number }))
    child = spawn()
    const [{ qr }] = (await once(child, 'message')) as [{ qr: string }]
    const device = await phone.scan(qr)
    await device.waitForOnline()
    for (let round = 1; round <= 3; round++) {
      const answered = contacts.map((contact) =>
        contact.waitForReceived(({ text }) => text === `echo ${round}`),
      )
      for (const contact of contacts) await contact.send(phone, String(round))
      // The session's files are whole once it answered; what follows is in flight when it dies.
      await Promise.all(answered)
      await wa.waitForStats(({ pending }) => pending === 0)
      for (const contact of contacts) await contact.send(phone, `in flight ${round}`)
      await kill(child)
      await device.waitForOffline()
      child = spawn()
      await device.waitForOnline()
    }
    await wa.waitForStats(({ pending }) => pending === 0)
    expect(device.logins).toBe(4)
    expect(wa.stats).toMatchObject({ sent: 12, lost: 0, qrCodesServed: 1, pairings: 1, reusedPreKeyIds: 0 })
    expect(wa.stats.acknowledged + wa.stats.duplicates).toBe(12)
  }, 60_000)
})
