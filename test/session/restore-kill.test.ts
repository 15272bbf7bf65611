import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { seed } from '../../bench/seed.js'
import type { Head } from '../../src/ports/registry.js'
import { openSessionRoot } from '../../src/session/index.js'
import { directoryStore } from '../../src/stores/directory.js'
import { type Bundle, bundle } from '../sim/bundle.mjs'
import { readFolder, smallSession, sorted, temporaryDirectory, testClock } from './support/session-fixture.js'

const kills = 25
const tenants = Array.from({ length: 8 }, (_, n) => `tenant-${n}`)

let built: Bundle

beforeAll(async () => {
  built = await bundle('restore-kill', [], 'test/session/support/restore-child.ts', {
    'restore-thread': 'src/session/restore-thread.ts',
  })
})

afterAll(() => built.remove())

/** Long enough that kills fall into the middle of it. */
function sessionOf(tenantId: string): Map<string, string> {
  const files = new Map(smallSession)
  for (let n = 1; n <= 150; n++) files.set(`pre-key-${n}.json`, JSON.stringify({ of: tenantId, n }))
  return files
}

/** Kills a restore of all tenants `afterMs` after its threads had time to start. @returns those it told of */
async function restoreAndKill(args: string[], afterMs: number): Promise<string[]> {
  const child = spawn(process.execPath, [built.path, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'close')
  let told = ''
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  child.stdout.on('data', (chunk) => {
    // The first that is done says that the others are on their way.
    if (told === '') setTimeout(() => child.kill('SIGKILL'), afterMs)
    told += chunk
  })
  await ended
  expect(stderr).toBe('')
  return told.split('\n').slice(0, -1)
}

it(`${kills} kills in the middle of many restores leave each session whole or not there`, async () => {
  const storePath = temporaryDirectory()
  const headsFile = join(temporaryDirectory(), 'heads.json')
  const store = directoryStore({ path: storePath })
  onTestFinished(() => store.close())
  const heads: [string, Head][] = []
  for (const id of tenants) heads.push([id, await seed(store, id, sessionOf(id))])
  writeFileSync(headsFile, JSON.stringify(heads))
  let cutOff = 0
  let halfDone = 0
  for (let kill = 0; kill < kills; kill++) {
    const path = temporaryDirectory()
    const told = await restoreAndKill([path, storePath, headsFile], kill % 12)
    halfDone += readdirSync(join(path, '.supervisor/incoming')).length
    const root = await openSessionRoot({ path, clock: testClock, random: Math.random })
    const listed = await root.list()
    expect(listed).toEqual(expect.arrayContaining(told))
    for (const [tenantId, head] of heads.filter(([id]) => listed.includes(id))) {
      const copy = (await root.inspect(tenantId))!
      expect(copy).toMatchObject({ damaged: [], journal: 'intact', base: { head: { tree: head.tree } } })
      expect(sorted(copy.files)).toEqual(sorted(sessionOf(tenantId)))
      expect(sorted(readFolder(join(path, tenantId)))).toEqual(sorted(sessionOf(tenantId)))
    }
    if (listed.length < tenants.length) cutOff++
    await root.close()
  }
  console.info(`${kills} kills: ${cutOff} before all were restored, ${halfDone} restores half done`)
  // Else the kills did not hit where it hurts.
  expect(halfDone).toBeGreaterThan(0)
}, 120_000)
