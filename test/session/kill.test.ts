import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { expect, it } from 'vitest'
import { openSessionRoot } from '../../src/session/index.js'
import { batchOf, capturesAfter, savesAfter } from './support/kill-plan.js'
import {
  baseOf,
  openRoot,
  openSmall,
  readFolder,
  smallSession,
  sorted,
  temporaryDirectory,
  testClock,
  treeOf,
} from './support/session-fixture.js'

const kills = 60

type Files = ReadonlyMap<string, string>

/** One file that plain Node starts in 60 ms. */
async function bundleChild(outDir: string): Promise<string> {
  await build({
    configFile: false,
    logLevel: 'silent',
    ssr: { noExternal: true },
    build: {
      ssr: fileURLToPath(new URL('support/kill-child.ts', import.meta.url)),
      outDir,
      minify: false,
      target: 'node20',
      rollupOptions: { output: { format: 'es', entryFileNames: 'child.mjs' } },
    },
  })
  return join(outDir, 'child.mjs')
}

/** Kills the child as soon as it has acknowledged `after` batches; returns how many it really had. */
async function runAndKill(script: string, path: string, seed: number, after: number): Promise<number> {
  const child = spawn(process.execPath, [script, path, String(seed)], { stdio: ['ignore', 'pipe', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  let acknowledged = 0
  const ended = once(child, 'close')
  for await (const line of createInterface(child.stdout)) {
    acknowledged = Number(line)
    if (acknowledged >= after) child.kill('SIGKILL')
  }
  const [, signal] = await ended
  expect(`${signal} ${stderr}`).toBe('SIGKILL ')
  return acknowledged
}

function apply(files: Files, batch: ReadonlyMap<string, string | null>): Files {
  const after = new Map(files)
  for (const [name, content] of batch) content === null ? after.delete(name) : after.set(name, content)
  return after
}

it(`finds every batch whole after each of ${kills} kills, the acknowledged ones all, and what is unsaved`, async () => {
  const script = await bundleChild(temporaryDirectory())
  const path = temporaryDirectory()
  const first = await openRoot(path)
  await (await openSmall(first)).close()
  await first.close()
  let files: Files = smallSession
  let head = { seq: 1, files: files }
  let inFlight = 0
  let completed = 0
  for (let seed = 1; seed <= kills; seed++) {
    const acknowledged = await runAndKill(script, path, seed, 1 + (seed % 13))
    const heads = new Map([[head.seq, head.files]])
    let captured: Files | null = null
    let seq = head.seq
    for (let n = 1; n <= acknowledged; n++) {
      files = apply(files, batchOf(seed, n))
      if (capturesAfter(n)) captured = files
      if (savesAfter(n) && captured) heads.set(++seq, captured)
    }
    const withNext = apply(files, batchOf(seed, acknowledged + 1))
    const before = sorted(readFolder(join(path, 't')))

    const root = await openSessionRoot({ path, clock: testClock, random: Math.random })
    const copy = (await root.inspect('t'))!
    expect(copy).toMatchObject({ damaged: [], journal: 'intact' })
    const found = sorted(copy.files)
    const isNext = treeOf(found).digest() === treeOf(withNext).digest()
    expect(found).toEqual(sorted(isNext ? withNext : files))
    expect(sorted(readFolder(join(path, 't')))).toEqual(found)
    const reached = copy.base!.head!.seq
    const committed = heads.get(reached)!
    expect(copy.base).toEqual(baseOf(committed, reached))
    expect(copy.committed!.digest()).toBe(treeOf(committed).digest())
    expect(sorted(apply(committed, copy.unsaved))).toEqual(found)
    await root.close()

    if (isNext) inFlight++
    if (treeOf(before).digest() !== treeOf(found).digest()) completed++
    files = found
    head = { seq: reached, files: committed }
  }
  console.info(
    `${kills} kills: ${inFlight} with a batch journaled but not acknowledged, ${completed} of these half applied`,
  )
  // Else the kills did not hit where it hurts.
  expect(inFlight).toBeGreaterThan(0)
}, 180_000)
