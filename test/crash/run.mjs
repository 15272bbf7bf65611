// Kills a busy session again and again: `node test/crash/run.mjs --kills 500 --seed 1 --json`, after `npm run build`.
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { Lane } from './lane.mjs'
import { randomFrom } from './random.mjs'
import { report } from './report.mjs'
import { Scenarios } from './scenarios.mjs'
import { Tally } from './tally.mjs'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '500' },
    /** Rounds of two owners, hand-over and outage; by default one for every 40 kills. */
    scenarios: { type: 'string' },
    seed: { type: 'string' },
    lanes: { type: 'string', default: String(Math.min(4, Math.max(2, availableParallelism()))) },
    dist: { type: 'string', default: fileURLToPath(new URL('../../dist', import.meta.url)) },
    /** Only kills at these moments where the state has them, e.g. `traffic,commit`. */
    moments: { type: 'string' },
    'send-after-backup': { type: 'string' },
    /** Messages of both sides cross: see traffic.mjs. */
    crossing: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
})
const kills = Number(values.kills)
const rounds = values.scenarios === undefined ? Math.max(1, Math.round(kills / 40)) : Number(values.scenarios)
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed)
const lanes = Math.min(Number(values.lanes), kills + 3 * rounds)
const limitMs = 60_000 + kills * 15_000 + rounds * 180_000
const dist = resolve(values.dist)

const load = (file) => import(pathToFileURL(`${dist}/src/${file}`))
const project = { ...(await load('index.js')), ...(await load('replication/index.js')) }
const { startLoopback } = await load('loopback/index.js')

const startedAt = performance.now()
const seconds = () => Math.round((performance.now() - startedAt) / 100) / 10
const tally = new Tally()
const base = await mkdtemp(join(tmpdir(), 'crash-'))
const logger = { debug: tellError, warn: tellError }
const wa = await startLoopback({ logger })
const say = (line) => {
  if (values.verbose) process.stderr.write(`${seconds()} ${line}\n`)
}
process.stderr.write(`${kills} kills, ${rounds} rounds of scenarios, seed ${seed}, ${lanes} at a time\n`)
const shared = { wa, dist, base, project, tally, say, crossing: values.crossing }
shared.only = values.moments?.split(',') ?? null
shared.sendAfterBackup = values['send-after-backup'] ? values['send-after-backup'] === 'true' : null
shared.scenarios = new Scenarios(shared, { rounds, kills })
const budget = { left: kills }
const running = Array.from(
  { length: lanes },
  (_, index) => new Lane(index, shared, randomFrom(seed * 31 + index)),
)
const limit = setTimeout(() => {
  tally.violation('not over in time', 'run', `${limitMs} ms`)
  void finish().then(() => process.exit())
}, limitMs)
const progress = setInterval(() => {
  const { twoOwners, handOvers, outages, violations } = tally
  const scenarios = twoOwners + handOvers + outages
  process.stderr.write(
    `${seconds()} s: ${tally.kills} kills, ${scenarios} scenarios, ${violations.length} violations\n`,
  )
}, 10_000)

function tellError({ error }, message) {
  if (error) say(`${message} (${error.message})`)
}

let finished
function finish() {
  finished ??= close()
  return finished
}

async function close() {
  clearTimeout(limit)
  clearInterval(progress)
  budget.left = 0
  await Promise.all([...running.map((lane) => lane.close()), shared.scenarios.close()])
  // A run for some moments only, or a short one, need not come by every named point.
  const complete = kills >= 200 && shared.only === null
  const result = { ...report(tally, wa.stats, { complete }), seed, seconds: seconds() }
  await wa.close()
  await rm(base, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
  process.stdout.write(`${values.json ? JSON.stringify(result) : JSON.stringify(result, null, 2)}\n`)
  process.exitCode = result.violations.length > 0 ? 1 : 0
}

// Workers and servers go with the harness.
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    tally.violation('ended by a signal', 'run', signal)
    void finish().then(() => process.exit())
  })
}

try {
  await Promise.all(running.map((lane) => lane.run(budget)))
} catch (error) {
  // What fails because everything was ended is no news.
  if (finished === undefined) tally.violation('the harness failed', 'run', error.stack)
}
await finish()
