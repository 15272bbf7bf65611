import { writeSync } from 'node:fs'
import { systemClock } from '../../../src/ports/clock.js'
import { type Capture, openSessionRoot } from '../../../src/session/index.js'
import { batchOf, capturesAfter, savesAfter } from './kill-plan.js'

// Writes batches until it is killed. Each acknowledged one is told through a pipe, synchronously: what was written
// to it survives the kill.
const [path, seedText] = process.argv.slice(2) as [string, string]
const seed = Number(seedText)
const root = await openSessionRoot({ path, clock: systemClock, random: Math.random })
const copy = (await root.inspect('t'))!
const folder = await root.open('t', { base: copy.base!, copy })
let seq = copy.base!.head!.seq
let capture: Capture | null = null
for (let n = 1; ; n++) {
  await folder.write(batchOf(seed, n))
  writeSync(1, `${n}\n`)
  if (capturesAfter(n)) capture = folder.capture()
  if (savesAfter(n) && capture) {
    seq++
    await folder.saved(capture, { epoch: 1, head: { seq, digest: `digest-${seq}`, tree: capture.tree } })
  }
}
