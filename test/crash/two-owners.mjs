import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isSame } from './examine.mjs'
import { inspectFolder } from './inspect.mjs'

const wakeLimitMs = 20_000
const lookMs = 1_500

/**
 * A host loses its lease to another and does not know it: it stands still beyond it and then goes on as if nothing had
 * been, or it has no way to the registry while it goes on. It must find out, commit nothing, write no more, keep its
 * copy, and leave the connection to the other.
 */
export async function twoOwners(scene) {
  const { gate, random, shared, traffic } = scene
  const first = await scene.pairedHost()
  traffic.begin()
  await delay(300 + random() * 700)
  const standsStill = scene.round % 2 === 0
  if (standsStill) first.worker.signal('SIGSTOP')
  else gate.cutOff.add('first')
  scene.say(standsStill ? 'first stands still' : 'first is cut off from the registry')
  const second = scene.host('second')
  await second.start()
  const up = await second.connected()
  scene.expect(up?.type === 'connected', 'not usable', `second: ${JSON.stringify(up)}`)
  scene.expect(up?.generation >= first.committedSeq, 'a commit was lost', `head ${up?.generation}`)
  const swaps = gate.swaps.length
  const { owner } = (await gate.direct.read(scene.tenantId)).lease
  // Where both speak to WhatsApp, they take the connection from each other a few times at most.
  if (standsStill) await scene.flow(second)
  else await delay(random() * 3_000)
  const { logins } = scene
  const wokenAt = first.worker.said.length
  if (standsStill) first.worker.signal('SIGCONT')
  gate.cutOff.delete('first')
  await findsOut(scene, first, standsStill ? wokenAt : 0)
  commitsNothing(scene, gate.swaps.slice(swaps), owner)
  await traffic.end()
  await scene.flow(second)
  const fights = scene.logins - logins
  scene.expect(fights <= (standsStill ? 0 : 2), 'owners fought for the connection', `${fights} logins`)
  await takeBack(scene, { first, second })
  const { byDisk } = shared.tally
  // What the first had done and not committed is lost to the second, as with a lost disk.
  const exact = standsStill && scene.sendAfterBackup
  scene.count(exact ? byDisk.noKill.sendAfterBackupOn : byDisk.lost.sendAfterBackupOff)
  shared.tally.twoOwners++
}

/** A scene's gate sees the swaps of its tenant only. */
function commitsNothing(scene, swaps, owner) {
  const others = swaps.filter((swap) => swap.owner !== owner && swap.outcome === 'committed')
  scene.expect(others.length === 0, 'a fenced host committed', JSON.stringify(others))
}

/** It ends, and its copy stays as it is. */
async function findsOut(scene, host, since) {
  const closed = await host.worker.until(({ type }) => type === 'closed', wakeLimitMs, since)
  const reasons = ['leaseLost', 'replaced']
  scene.expect(reasons.includes(closed?.reason), 'a fenced host went on', JSON.stringify(closed))
  const copy = inspectFolder(host.folder)
  scene.expect(copy.paired && copy.unparsable.length === 0, 'the local copy was not kept', host.name)
  const { logins } = scene
  await delay(lookMs)
  scene.expect(isSame(copy.files, inspectFolder(host.folder).files), 'a fenced host wrote', host.name)
  scene.expect(scene.logins <= logins + 1, 'owners fought for the connection', 'after the end')
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
