import { describe, expect, it } from 'vitest'
import type { MemoryDisk } from '../support/memory-disk.js'
import { type Fate, VirtualHosts } from '../support/virtual-hosts.js'

/** A session whose first upload was stored, unanswered, when its process was killed; the last attempt is still under way. */
async function killedInFirstUpload() {
  const hosts = new VirtualHosts()
  let thrown = 0
  const killed = await hosts.start({ dice: () => ++thrown / 1_000 })
  await killed.supervisor.start('tenant')
  await hosts.clock.advance(100)
  hosts.fate = (service, operation) => (service === 'store' && operation === 'put' ? 'lost' : 'well')
  void (await killed.link.connection('tenant')).pair('628120000001')
  await hosts.clock.advance(1_000)
  const attempts = (await hosts.store.list('tenant/')).map(({ key }) => key)
  expect(attempts.length).toBeGreaterThan(1)
  const last = attempts.at(-1)!
  const body = await hosts.store.get(last)
  await hosts.store.remove([last])
  return { hosts, disk: killed.disk, lastArrives: () => hosts.store.put(last, body) }
}

/** The registry takes the next swap and does not say so. */
function swapUnanswered(hosts: VirtualHosts, otherwise: Fate = () => 'well'): void {
  let swaps = 0
  hosts.fate = (service, operation) => {
    if (operation === 'commit' && ++swaps === 1) return 'lost'
    return otherwise(service, operation)
  }
}

async function startAgain(hosts: VirtualHosts, disk: MemoryDisk) {
  const again = await hosts.start({ disk, dice: 0.02 })
  await again.supervisor.resume()
  await hosts.clock.advance(200)
  return again
}

// Found by the simulation: such a session was connected and never backed up again.
describe('a backup that was found in the store and whose swap into the registry is not answered', () => {
  it('is the head all the same when another attempt at it arrives later', async () => {
    const { hosts, disk, lastArrives } = await killedInFirstUpload()
    swapUnanswered(hosts)
    const again = await startAgain(hosts, disk)
    await lastArrives()
    const connection = await again.link.connection('tenant')
    connection.open()
    await connection.write(new Map([['session-1.json', '{"n":1}']]))
    await hosts.clock.advance(10_000)
    expect(again.supervisor.get('tenant')!.unprotected.changes).toBe(0)
    expect((await hosts.rows.read('tenant'))!.head).toMatchObject({ seq: 2 })
  })

  it('is the head all the same when it was found by a session that had started without the store', async () => {
    const { hosts, disk, lastArrives } = await killedInFirstUpload()
    hosts.fate = (service) => (service === 'store' ? 'away' : 'well')
    const again = await startAgain(hosts, disk)
    ;(await again.link.connection('tenant')).open()
    await hosts.clock.advance(2_000)
    expect(again.supervisor.get('tenant')!.unprotected.changes).toBeGreaterThan(0)

    let swapped = false
    swapUnanswered(hosts, (_service, operation) => {
      swapped ||= operation === 'commit'
      return 'well'
    })
    while ((await hosts.rows.read('tenant'))!.head === null) await hosts.clock.advance(10)
    await lastArrives()
    await hosts.clock.advance(10_000)
    expect(swapped).toBe(true)
    expect(again.supervisor.get('tenant')!.unprotected.changes).toBe(0)
    expect((await hosts.rows.read('tenant'))!.head).toMatchObject({ seq: 2 })
  })
})
