import { setTimeout as delay } from 'node:timers/promises'
import { isAlive, until } from './host.mjs'
import { keepsToItself } from './rig.mjs'
import { serverOfWorkers } from './server.mjs'

/** Each gets a rig with tenants that nobody has paired yet. */
export const scenarios = {
  'a single process becomes two workers, then three, then one again': changeOfNumber,
  'a worker is killed': killedWorker,
  'a worker stands still past its leases and wakes up': wokenWorker,
  'a worker stands still for good': stuckWorker,
  'a worker crashes in a loop': crashLoop,
  'the parent is killed': killedParent,
  'SIGTERM with and without a store': orderlyEnd,
  'by name, through the parent': byName,
  'the disk of all workers is nearly full': fullDisk,
  'what is refused': refusals,
  'the server of the command line, with real Baileys': serverOfWorkers,
}

const longLeases = { leaseTtlMs: 300_000 }

/** All killed in between, with changes that only the disk has. */
async function changeOfNumber(rig) {
  const single = rig.start(0)
  await single.ready
  await rig.untilConnected('in a single process')
  await single.end('SIGTERM')
  for (const workers of [0, 2, 3, 1, 0, 2]) {
    const host = rig.start(workers, { ...keepsToItself, ...longLeases })
    await host.ready
    // No lease has to run out first: they outlast the limit.
    await rig.untilConnected(`with ${workers} workers`)
    await rig.untilEven(`with ${workers} workers`, Math.max(1, workers))
    const restored = host.facts.filter(({ fact }) => fact !== 'session.kept')
    rig.expect(restored.length === 0, `with ${workers} workers: ${restored.length} left the local copy`)
    await delay(1_500)
    await rig.killAll(host)
    rig.expectWhole(`with ${workers} workers`)
  }
}

async function killedWorker(rig) {
  const host = rig.start(2, { ...keepsToItself, ...longLeases })
  await host.ready
  await rig.untilEven('at the start', 2)
  await delay(1_000)
  const [, pid] = await rig.pids(host)
  process.kill(pid, 'SIGKILL')
  await until(() => rig.watch.through(pid) === 0, 10_000)
  const ms = await rig.untilConnected('after the kill')
  rig.figures.killedBackMs = ms
  rig.expectWhole('after the kill')
  await host.end('SIGTERM')
  rig.expect(host.exitCode === 0, `the parent ended with ${host.exitCode}`)
}

/** All look at their sessions often enough to have said it ten times; the first of them long before all are up. */
async function fullDisk(rig) {
  const nearlyFull = {
    alertDiskFreeBytes: Number.MAX_SAFE_INTEGER,
    alertPeriodMs: 300,
    alertDiskPeriodMs: 300,
  }
  await rig.fault('slow-start-3', true)
  const host = rig.start(3, { ...keepsToItself, ...nearlyFull })
  await host.ready
  await rig.untilEven('at the start', 3)
  await until(() => host.alerts.length > 0, 20_000)
  await delay(3_000)
  const about = host.alerts.filter(({ rule }) => rule === 'disk.nearlyFull')
  rig.expect(about.length === 1, `three workers raised ${about.length} alerts about one disk`)
  await host.end('SIGTERM')
}

/** The other worker has the leases meanwhile, and must wait for the folders. */
async function wokenWorker(rig) {
  const host = rig.start(2, { ...keepsToItself, workerStuckAfterMs: 120_000 })
  await host.ready
  await rig.untilEven('at the start', 2)
  const [, pid] = await rig.pids(host)
  const before = rig.watch.through(pid)
  process.kill(pid, 'SIGSTOP')
  const taken = await until(() => isAllOfOneOwner(rig), 60_000)
  rig.expect(taken !== null, 'the leases of the one that stands still were not claimed')
  // Longer than a login takes: who does not wait for the folders is connected by then.
  await delay(3_000)
  rig.expect(rig.watch.through(pid) === before, 'a tenant was connected elsewhere while its folder was open')
  process.kill(pid, 'SIGCONT')
  await rig.untilEven('awake again', 2)
  rig.expectWhole('awake again')
  await host.end('SIGTERM')
}

/** Every lease is held, and by the same worker: those of the other were claimed, not only let run out. */
async function isAllOfOneOwner(rig) {
  const now = Date.now()
  const rows = await rig.rows()
  const held = rows.filter(({ lease }) => lease?.expiresAt > now)
  return held.length === rig.tenants.length && new Set(held.map(({ lease }) => lease.owner)).size === 1
}

async function stuckWorker(rig) {
  const host = rig.start(2, { ...keepsToItself, workerStuckAfterMs: 2_000 })
  await host.ready
  await rig.untilEven('at the start', 2)
  const [pid] = await rig.pids(host)
  // A handler that never comes back.
  await rig.fault(`spin-1-${pid}`, true)
  const killed = await until(() => !isAlive(pid), 20_000)
  rig.expect(killed !== null, 'a worker that holds its thread was not killed')
  await rig.untilConnected('after it was killed')
  rig.expect(
    host.logs.some(({ level, text }) => level === 'error' && text.includes('has not answered')),
    'nothing was said of it',
  )
  await rig.untilEven('after it was killed', 2)
  rig.expectWhole('after it was killed')
  await host.end('SIGTERM')
}

async function crashLoop(rig) {
  const host = rig.start(2, { workerRestartMinMs: 200, workerRestartMaxMs: 60_000 })
  await host.ready
  await rig.untilEven('at the start', 2)
  await rig.fault('crash-2', true)
  const ends = () => host.logs.filter(({ text }) => text.startsWith('a worker ended'))
  await until(() => ends().length >= 4, 60_000)
  const pauses = ends().map(({ text }) => Number(/"restartMs":(\d+)/.exec(text)?.[1]))
  rig.expect(pauses.slice(0, 4).join() === '200,400,800,1600', `pauses of ${pauses.join(', ')} ms`)
  rig.figures.crashPausesMs = pauses
  rig.expect(isAlive(host.pid), 'the parent is gone')
  await rig.fault('crash-2', false)
  await rig.untilEven('mended', 2)
  rig.expectWhole('mended')
  await host.end('SIGTERM')
}

/** Its workers drain and end; one that starts meanwhile waits for them. */
async function killedParent(rig) {
  const host = rig.start(2, keepsToItself)
  await host.ready
  await rig.untilEven('at the start', 2)
  await delay(1_000)
  const pids = await rig.pids(host)
  await host.end('SIGKILL')
  const next = rig.start(2, keepsToItself)
  const ms = await until(() => pids.every((pid) => !isAlive(pid)), 30_000)
  rig.expect(ms !== null, 'workers live on without their parent')
  rig.figures.orphansGoneMs = ms
  await next.ready
  const kept = () => next.facts.filter(({ fact }) => fact === 'session.kept')
  await rig.untilEven('with a new parent', 2)
  rig.expect(
    kept().every(({ unsaved }) => unsaved === 0),
    'the orphans did not back everything up',
  )
  rig.expectWhole('with a new parent')
  await next.end('SIGTERM')
}

async function orderlyEnd(rig) {
  const host = rig.start(2, keepsToItself)
  await host.ready
  await rig.untilEven('at the start', 2)
  await delay(1_000)
  const pids = await rig.pids(host)
  const since = performance.now()
  await host.end('SIGTERM')
  rig.figures.drainMs = Math.round(performance.now() - since)
  rig.expect(host.exitCode === 0, `ended with ${host.exitCode}`)
  rig.expect(host.down?.sessions === rig.tenants.length, `${host.down?.sessions} sessions went down`)
  rig.expect(host.down?.unprotected.length === 0, 'something was left')
  rig.expect(!pids.some(isAlive), 'a worker lives on')
  await rig.untilDisconnected()
  const again = rig.start(2, { ...keepsToItself, shutdownDeadlineMs: 4_000 })
  await again.ready
  await rig.untilConnected('again')
  await delay(1_000)
  await rig.breakStore()
  await again.end('SIGTERM')
  rig.expect(again.exitCode === 1, `without a store: ended with ${again.exitCode}`)
  rig.expect(again.down?.unprotected.length > 0, 'without a store: nothing was said to be unprotected')
}

async function byName(rig) {
  const host = rig.start(2)
  await host.ready
  await rig.untilEven('at the start', 2)
  const [first] = rig.tenants
  await host.ask('backup', first)
  const { reason } = await host.ask('stop', first)
  rig.expect(reason === 'stopped', `stopped for ${reason}`)
  await until(() => rig.watch.connected === rig.tenants.length - 1, 10_000)
  await Promise.all([host.ask('start', first), host.ask('start', first)])
  await rig.untilConnected('started by name')
  const running = (await host.ask('sessions')).filter(({ isOver }) => !isOver)
  rig.expect(running.length === rig.tenants.length, `the parent knows of ${running.length} sessions`)
  const shown = await until(
    async () => (await host.ask('sessions')).every(({ status }) => status === 'CONNECTED'),
    10_000,
  )
  rig.expect(shown !== null, 'the parent does not see all connected')
  rig.expect((await host.ask('problems')).length === 0, 'the parent has problems')
  rig.expectWhole('by name')
  await host.end('SIGTERM')
}

async function refusals(rig) {
  const refused = async (what, code, more, workers = 2) => {
    const host = rig.start(workers, {}, more)
    await host.ready.catch(() => {})
    rig.expect(host.refused?.code === code, `${what}: ${JSON.stringify(host.refused)}`)
    await host.end('SIGKILL')
  }
  await refused('a registry in memory', 'invalid', { registry: { kind: 'memory' } })
  await refused('the embedded registry', 'invalid', { registry: { kind: 'pglite', path: '/nowhere' } })
  await refused('a store in memory', 'invalid', { store: { kind: 'memory' } })
  await refused('half a worker', 'invalid', {}, 1.5)
  await refused('a module without a function', 'invalid', {
    module: new URL('./watch.mjs', import.meta.url).href,
  })
  const host = rig.start(2)
  await host.ready
  await refused('a second parent', 'locked', {})
  await refused('a single process beside it', 'locked', {}, 0)
  await host.end('SIGTERM')
}
