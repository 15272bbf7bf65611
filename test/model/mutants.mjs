// Alters each transition, guard, target and action of both machines in turn and lets the suite find it:
// `node test/model/mutants.mjs [--json] [--only <part of an id>]`. Ends with 1 when a mutant survives that is not in
// equivalent-mutants.json, or one is found that is said to be equivalent.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const here = path.dirname(fileURLToPath(import.meta.url))
const json = process.argv.includes('--json')
const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1] : ''
const shards = 2
/** A process that is silent for this long turns in circles: its mutant is found by that. */
const silentMs = 20_000
const directory = mkdtempSync(path.join(tmpdir(), 'mutants-'))
const startedAt = Date.now()

const results = (await Promise.all(Array.from({ length: shards }, (_, shard) => huntAll(shard)))).flat()
rmSync(directory, { recursive: true })
report()

/** One shard from its start to its end, started again behind a mutant that hangs. */
async function huntAll(shard) {
  const found = new Map()
  for (let first = 0; ; ) {
    const hung = await hunt(shard, first, found)
    if (hung === null) return [...found.values()]
    found.set(hung.index, { ...hung, by: 'hang' })
    first = hung.index + 1
  }
}

/** Resolves with the mutant that hangs, or null at the end. */
function hunt(shard, first, found) {
  const file = path.join(directory, `${shard}-${first}`)
  writeFileSync(file, '')
  const script = path.join(here, '../support/run-typescript.mjs')
  const args = [script, path.join(here, 'hunt-shard.ts'), shard, shards, file, first, only]
  const child = spawn(process.execPath, args.map(String), { stdio: ['ignore', 'ignore', 'inherit'] })
  return new Promise((resolve, reject) => {
    let lines = 0
    let begun = null
    // The models are explored first.
    let since = Date.now() + 60_000
    const look = () => {
      const all = readFileSync(file, 'utf8').split('\n').slice(0, -1)
      for (const line of all.slice(lines)) {
        const result = JSON.parse(line)
        since = Date.now()
        if (!result.tick) begun = result.begun ? result : null
        if ('by' in result) found.set(result.index, result)
      }
      lines = all.length
    }
    const timer = setInterval(() => {
      look()
      if (Date.now() - since > silentMs) child.kill('SIGKILL')
    }, 500)
    child.on('exit', (code) => {
      clearInterval(timer)
      look()
      if (code === 0) resolve(null)
      else if (begun !== null) resolve({ index: begun.index, id: begun.id })
      else reject(new Error(`Shard ${shard} ended with ${code}.`))
    })
  })
}

function report() {
  const equivalent = new Map(
    JSON.parse(readFileSync(path.join(here, 'equivalent-mutants.json'), 'utf8')).map(({ id, reason }) => [
      id,
      reason,
    ]),
  )
  const survived = results.filter(({ by }) => by === null).map(({ id }) => id)
  const unexplained = survived.filter((id) => !equivalent.has(id))
  const refuted = results.filter(({ id, by }) => by !== null && equivalent.has(id)).map(({ id }) => id)
  const known = new Set(results.map(({ id }) => id))
  const unknown = only === '' ? [...equivalent.keys()].filter((id) => !known.has(id)) : []
  const by = {}
  for (const result of results) by[result.by ?? 'survived'] = (by[result.by ?? 'survived'] ?? 0) + 1
  const mutants = {
    killed: results.length - survived.length,
    of: results.length,
    equivalent: survived.length - unexplained.length,
    survived: unexplained,
    by,
  }
  const seconds = Math.round((Date.now() - startedAt) / 1000)
  if (json) console.log(JSON.stringify({ mutants, seconds }))
  else {
    console.log(`${mutants.killed} of ${mutants.of} mutants found in ${seconds} s, by`, by)
    for (const id of survived)
      console.log(`survives: ${id}${equivalent.has(id) ? ` (${equivalent.get(id)})` : ''}`)
  }
  if (only !== '') for (const { id, by, seen } of results) console.error(`${id}: ${by}\n${seen ?? ''}`)
  for (const id of refuted) console.error(`said to be equivalent, but found: ${id}`)
  for (const id of unknown) console.error(`said to be equivalent, but there is no such mutant: ${id}`)
  if (unexplained.length + refuted.length + unknown.length > 0) process.exitCode = 1
}
