import { setTimeout as delay } from 'node:timers/promises'

const replaced = 440
const endLimitMs = 15_000
/** Longer than a busy machine keeps a process waiting: the lease is given up here, it does not run out. */
const settings = { leaseTtlMs: 10_000, leaseRenewMs: 1_000 }

/** A rolling deploy, in mid-traffic: SIGTERM to one host while the next one waits for its lease. */
export async function handOver(scene) {
  const { random, shared, traffic } = scene
  const first = await scene.pairedHost({ signals: true, settings })
  traffic.begin()
  await delay(300 + random() * 700)
  const second = scene.host('second', { settings })
  await second.start()
  await delay(200 + random() * 300)
  scene.expect(second.said('connected').length === 0, 'the lease was taken from its owner', 'second')
  const { logins } = scene
  const at = performance.now()
  const told = first.worker.said.length
  first.worker.signal('SIGTERM')
  const away = timeAway(scene)
  const up = await second.connected()
  shared.tally.handOverMs.push(performance.now() - at)
  shared.tally.awayMs.push(await away)
  scene.expect(up?.type === 'connected', 'not usable', `second: ${JSON.stringify(up)}`)
  scene.expect(up?.generation >= first.committedSeq, 'a commit was lost', `head ${up?.generation}`)
  await endsInOrder(scene, first, told)
  await delay(300)
  await traffic.end()
  await scene.flow(second)
  const fights = [first, second]
    .flatMap((host) => host.said('socket.closed'))
    .filter(({ code }) => code === replaced)
  scene.expect(fights.length === 0, 'owners fought for the connection', `${fights.length} times 440`)
  scene.expect(
    scene.logins === logins + 1,
    'owners fought for the connection',
    `${scene.logins - logins} logins`,
  )
  await second.shutDown()
  const { noKill } = shared.tally.byDisk
  scene.count(scene.sendAfterBackup ? noKill.sendAfterBackupOn : noKill.sendAfterBackupOff)
  shared.tally.handOvers++
}

/** The process ends, its session as stopped, with every change committed. @param told what it had said at SIGTERM */
async function endsInOrder(scene, host, told) {
  await Promise.race([host.worker.ended(), delay(endLimitMs, undefined, { ref: false })])
  scene.expect(host.worker.gone, 'no orderly shutdown', 'the process goes on')
  const last = host.worker.said.slice(told)
  const closed = last.find(({ type }) => type === 'closed')
  const inTime = closed?.reason === 'stopped' && closed.unsaved === 0
  const covered = !last.some(({ type }) => type === 'change.unprotected')
  scene.expect(inTime && covered, 'no orderly shutdown', JSON.stringify(closed))
}

/** How long WhatsApp had no connection of the bot, from now on; milliseconds. */
async function timeAway(scene) {
  const end = performance.now() + endLimitMs
  const until = async (online) => {
    while (scene.online !== online && performance.now() < end) await delay(1)
    return performance.now()
  }
  const left = await until(false)
  return (await until(true)) - left
}
