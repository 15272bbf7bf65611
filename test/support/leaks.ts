import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect } from 'vitest'
import { type Leak, LeakWatch } from './leak-watch.js'

/*
 * Runs before every test file and fails it when its tests leave something behind: an actor, a timer, a socket or other
 * handle, a child process, an open file, a temporary file or an unhandled rejection. See TESTING.md.
 */

/** What ends by itself, as a socket that is closing, has this long. */
const graceMs = 1_000

const later = setTimeout
const run = process.env.TEST_RUN_DIRECTORY ?? tmpdir()
mkdirSync(run, { recursive: true })
const directory = mkdtempSync(path.join(run, 'file-'))
const before = process.env.TMPDIR
// Child processes get it too.
process.env.TMPDIR = directory
const watch = new LeakWatch(directory, () => expect.getState().currentTestName ?? 'the file itself')

// The first hook is the last one to run: what the file's own hooks clean up is gone by then.
afterAll(async () => {
  const leaks = await leaksAfterGrace()
  watch.close()
  if (before === undefined) delete process.env.TMPDIR
  else process.env.TMPDIR = before
  rmSync(directory, { recursive: true, force: true })
  if (leaks.length === 0) return
  const list = leaks.map(({ kind, what }) => `- ${kind}: ${what}`).join('\n')
  throw new Error(`The tests of this file left behind ${leaks.length}:\n${list}`)
})

async function leaksAfterGrace(): Promise<Leak[]> {
  const end = performance.now() + graceMs
  let leaks = watch.leaks()
  while (leaks.length > 0 && performance.now() < end) {
    await new Promise((resolve) => later(resolve, 20))
    leaks = watch.leaks()
  }
  return leaks
}
