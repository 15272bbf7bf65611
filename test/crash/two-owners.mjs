import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isSame } from './examine.mjs'
import { inspectFolder } from './inspect.mjs'

const wakeLimitMs = 15_000
const lookMs = 1_500

/**
 * A host stands still beyond its lease while another takes the tenant, then goes on as if nothing had been: it must
 * find out, write no more, commit nothing, leave the connection to the other, and keep its copy.
 */
export async function twoOwners(scene) {
  const { gate, random, shared, traffic } = scene
  const first = await scene.pairedHost()
  traffic.begin()
  await delay(300 + random() * 700)
  first.worker.signal('SIGSTOP')
  const second = scene.host('second')
  await second.start()
  await scene.up(second, first.committedSeq)
  const swaps = gate.swaps.length
  const { logins } = scene
  const { owner } = (await gate.direct.read(scene.tenantId)).lease
  const wokenAt = first.worker.said.length
  first.worker.signal('SIGCONT')
  const closed = await first.worker.until(({ type }) => type === 'closed', wakeLimitMs, wokenAt)
  scene.expect(closed?.reason === 'leaseLost', 'a fenced host went on', JSON.stringify(closed))
  const copy = inspectFolder(first.folder)
  scene.expect(copy.paired && copy.unparsable.length === 0, 'the local copy was not kept', 'first')
  await delay(lookMs)
  scene.expect(isSame(copy.files, inspectFolder(first.folder).files), 'a fenced host wrote', 'first')
  const others = gate.swaps
    .slice(swaps)
    .filter(
      (swap) => swap.tenantId === scene.tenantId && swap.owner !== owner && swap.outcome === 'committed',
    )
  scene.expect(others.length === 0, 'a fenced host committed', JSON.stringify(others))
  scene.expect(
    scene.logins === logins && scene.online,
    'owners fought for the connection',
    `${scene.logins - logins}`,
  )
  await traffic.end()
  await scene.flow(second)
  await takeBack(scene, { first, second })
  const { byDisk } = shared.tally
  // What the first had done and not committed is lost to the second, as with a lost disk.
  scene.count(scene.sendAfterBackup ? byDisk.noKill.sendAfterBackupOn : byDisk.lost.sendAfterBackupOff)
  shared.tally.twoOwners++
}

/** The first host again: its old copy goes to the quarantine, and the newer backup into its place. */
async function takeBack(scene, { first, second }) {
  await second.shutDown()
  const since = first.worker.said.length
  first.worker.command('start')
  const up = await first.connected(since)
  scene.expect(up?.type === 'connected', 'not usable', `first, again: ${JSON.stringify(up)}`)
  scene.expect(up?.generation >= second.committedSeq, 'a commit was lost', `head ${up?.generation}`)
  await scene.flow(first)
  const quarantine = join(first.root, '.supervisor', 'quarantine', scene.tenantId)
  const kept = existsSync(quarantine) ? readdirSync(quarantine).length : 0
  scene.expect(kept === 1, 'the superseded copy was not kept', `${kept} in the quarantine`)
  await first.shutDown()
}
