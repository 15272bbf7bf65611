import { appendFileSync } from 'node:fs'
import { Hunt } from './hunt.js'

/**
 * One process of the mutation run: `hunt-shard.ts <shard> <of> <file> [first]`. Appends a line to the file before and
 * after each mutant, so that whoever waits sees a hang and can go on behind it.
 */
const [shard = '0', of = '1', file = '', first = '0', only = ''] = process.argv.slice(2)
// A mutant's machine may fail in ways that nobody handles; the checks are what counts.
process.on('unhandledRejection', () => {})
process.on('uncaughtException', () => {})

const hunt = new Hunt()
const note = (line: object) => appendFileSync(file, `${JSON.stringify(line)}\n`)
note({ ready: hunt.mutants.length })
// A mutant that turns in circles without waiting for anything stops these too.
setInterval(() => note({ tick: true }), 1_000).unref()
for (const [index, mutant] of hunt.mutants.entries()) {
  if (index % Number(of) !== Number(shard) || index < Number(first)) continue
  if (only !== '' && !mutant.id.includes(only)) continue
  note({ index, id: mutant.id, begun: true })
  const found = await hunt.find(mutant)
  note({ index, id: mutant.id, by: found?.by ?? null, ...(only === '' ? {} : { seen: found?.seen }) })
}
note({ finished: true })
process.exit(0)
