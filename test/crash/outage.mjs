import { rm } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { hashesOf } from './examine.mjs'

const storeFaults = ['refuse', 'hang', 'errors']
const registryFaults = ['refuse', 'hang', 'lostAnswers']
const returnLimitMs = 20_000
const calmMs = 500

/**
 * Store and registry are stopped and started during traffic, one after the other, then both: bots go on, what waited
 * goes out afterwards, and a host that then loses process and disk has lost nothing. Sometimes a kill strikes while the
 * store is away: the session goes on from its disk.
 */
export async function outage(scene) {
  const { random, round, shared, traffic } = scene
  const host = await scene.pairedHost()
  traffic.begin()
  for (const [turn, parts] of [['store'], ['registry'], ['store', 'registry']].entries()) {
    const oneOf = (kinds) => kinds[(round + turn) % kinds.length]
    const faults = parts.map((part) => [part, oneOf(part === 'store' ? storeFaults : registryFaults)])
    await oneOutage(scene, host, {
      faults,
      kills: parts.length === 1 && parts[0] === 'store' && random() < 0.5,
    })
    for (const [part, fault] of faults) {
      const kind = `${part} ${fault}`
      shared.tally.outagesByKind[kind] = (shared.tally.outagesByKind[kind] ?? 0) + 1
    }
  }
  await traffic.end()
  await delay(calmMs)
  await losesNothing(scene, host)
  await host.shutDown()
  scene.count(shared.tally.byDisk.noKill.sendAfterBackupOff)
  shared.tally.outages++
}

async function oneOutage(scene, host, { faults, kills }) {
  const { gate, proxy, random } = scene
  for (const [part, fault] of faults) await (part === 'store' ? proxy : gate).stop(fault)
  scene.say(`stopped: ${faults.join(', ')}`)
  await delay(600 + random() * 1_200)
  await scene.flow(host)
  if (kills) await killMeanwhile(scene, host)
  scene.expect(
    host.said('closed').length === 0,
    'an outage ended a session',
    JSON.stringify(host.said('closed')[0]),
  )
  for (const [part] of faults) await (part === 'store' ? proxy : gate).start()
  const since = host.worker.said.length
  const isCommit = ({ type }) => type === 'generation.committed'
  const commit = await host.worker.until(isCommit, returnLimitMs, since)
  scene.expect(commit !== null, 'what waited did not go out', faults.join(', '))
}

/** The store is away; the disk is there. */
async function killMeanwhile(scene, host) {
  const { tally } = scene.shared
  await host.worker.kill()
  tally.killed('outage', { disk: 'kept', pglite: false })
  tally.reached('outage', true)
  await host.start()
  await scene.up(host)
}

/** Process and disk are lost after everything was said to be backed up. */
async function losesNothing(scene, host) {
  const { tally } = scene.shared
  if (!scene.expect(await host.backedUp(), 'what waited did not go out', 'at the end')) return
  const { acknowledged, committedSeq } = host
  await host.worker.kill()
  tally.killed('afterOutage', { disk: 'emptied', pglite: false })
  tally.reached('afterOutage', true)
  const { files } = await scene.restored()
  const missing = acknowledged.missingIn(hashesOf(files))
  scene.expect(
    missing.length === 0,
    'an acknowledged write was lost',
    `${missing.length}: ${[...new Set(missing)]}`,
  )
  await rm(host.root, { recursive: true, force: true })
  await host.start()
  await scene.up(host, committedSeq)
}
