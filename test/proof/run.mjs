// Everything that tries to break the promises, one after the other: `npm run proof [-- --json] [-- --long]`.
// TESTING.md says what each part is for. Ends with one line of JSON; with 1 when anything failed.
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { suites } from './suites.mjs'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    /** More of everything: for a night, not for CI. */
    long: { type: 'boolean', default: false },
    /** Only these parts, e.g. `simulation,crash`. */
    only: { type: 'string' },
    /** Runs nothing: prints the option that leaves out of `vitest run` what the proof runs. */
    'print-exclude': { type: 'boolean', default: false },
  },
})
const root = fileURLToPath(new URL('../..', import.meta.url))
const vitest = ['node_modules/vitest/vitest.mjs', 'run']
const size = values.long
  ? { seeds: 100_000, kills: 500, fuzz: 10, walks: 5_000 }
  : { seeds: 10_000, kills: 100, fuzz: 3, walks: 300 }
const startedAt = performance.now()
const seconds = () => Math.round((performance.now() - startedAt) / 100) / 10

/** Each gives its share of the last line. */
const parts = {
  async model() {
    const file = join(folder, 'model.json')
    await run([...vitest, suites.model], { MODEL_REPORT: file, WALK_RUNS: String(size.walks) })
    const { transitions, guards } = await reportIn(file)
    return { transitions, guards }
  },
  async mutants() {
    const { mutants } = await lastLineOf(['test/model/mutants.mjs', '--json'])
    return { mutants }
  },
  async fuzz() {
    const file = join(folder, 'fuzz.json')
    await run([...vitest, suites.fuzz], { FUZZ_REPORT: file, FUZZ_SCALE: String(size.fuzz) })
    return { fuzz: await reportIn(file) }
  },
  async leaks() {
    const passed = await run([...vitest, suites.leaks])
    return { leaks: { cycles: passed ? 10_000 : 0 } }
  },
  async simulation() {
    const args = ['test/sim/run.mjs', '--seeds', String(size.seeds), '--planted', '--json']
    const { seeds, faults, violations, planted, seconds: took } = await lastLineOf(args)
    return { simulation: { seeds, faults, violations, planted, seconds: took } }
  },
  async crash() {
    const result = await lastLineOf(['test/crash/run.mjs', '--kills', String(size.kills), '--json'])
    return { crash: crashOf(result) }
  },
}

if (values['print-exclude']) {
  for (const [name, path] of Object.entries(suites)) {
    if (!(name in parts))
      throw new Error(`${path} is said to be part of the proof, but there is no part "${name}".`)
    process.stdout.write(`--exclude=${path.endsWith('/') ? `${path}**` : path}\n`)
  }
  process.exit()
}

const folder = await mkdtemp(join(tmpdir(), 'proof-'))
const outcome = {}
const failed = []
let running = ''
for (const [name, part] of Object.entries(parts)) {
  if (values.only && !values.only.split(',').includes(name)) continue
  running = name
  tell(`=== ${name} (${seconds()} s)`)
  try {
    Object.assign(outcome, await part())
  } catch (error) {
    fail(error.message)
  }
}
await rm(folder, { recursive: true, force: true })
const report = { ...outcome, failed, seconds: seconds() }
process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : `${JSON.stringify(report, null, 2)}\n`)
process.exitCode = failed.length > 0 ? 1 : 0

/** What counts of a crash run; the whole report is told besides. */
function crashOf(result) {
  tell(JSON.stringify(result))
  const { kills, messages, undecryptable, lost, qr, violations, seed } = result
  return {
    kills,
    messages: messages.toBot + messages.fromBot,
    /** Without `sendAfterBackup` the last second of a lost disk is not covered, as README.md says. */
    undecryptable: undecryptable.unexpected,
    undecryptableByLostDisk: undecryptable.byLostDisk,
    lost: lost.commits + lost.writes + messages.lost,
    qr: qr.unexpected,
    violations: violations.length,
    seed,
  }
}

/** Runs a script, its output told as it comes. @returns whether it ended well; if not, the part has failed */
function run(args, env = {}, take = () => {}) {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  child.stdout.on('data', (chunk) => take(chunk))
  child.stdout.pipe(process.stderr, { end: false })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      if (code !== 0) fail(`node ${args.join(' ')} ended with ${code}`)
      resolve(code === 0)
    })
  })
}

async function lastLineOf(args) {
  let out = ''
  await run(args, {}, (chunk) => {
    out += chunk
  })
  return JSON.parse(out.trim().split('\n').at(-1))
}

async function reportIn(file) {
  return JSON.parse(await readFile(file, 'utf8'))
}

function fail(what) {
  failed.push(`${running}: ${what}`)
  tell(`FAILED ${running}: ${what}`)
}

function tell(line) {
  process.stderr.write(`${line}\n`)
}
