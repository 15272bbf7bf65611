import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { FileTree } from '../../../src/replication/file-tree.js'
import { hashKeyFile } from '../../../src/replication/hash.js'
import {
  type Base,
  type Disk,
  type KeyFolder,
  openSessionRoot,
  type SessionRoot,
} from '../../../src/session/index.js'

/** A directory that is gone after the test. */
export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'session-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

let now = 1_700_000_000_000
export const testClock = {
  now: () => now++,
  setTimeout: (run: () => void, delayMs: number) => setTimeout(run, delayMs),
  clearTimeout: (id: unknown) => clearTimeout(id as NodeJS.Timeout),
}

export async function openRoot(path: string, disk?: Disk): Promise<SessionRoot> {
  const root = await openSessionRoot({ path, clock: testClock, random: Math.random, ...(disk && { disk }) })
  onTestFinished(() => root.close())
  return root
}

export const noHead: Base = { epoch: 1, head: null }

export function treeOf(files: Iterable<readonly [string, string]>): FileTree {
  return new FileTree([...files].map(([name, content]) => [name, hashKeyFile(content)!] as const))
}

/** A base whose head is exactly `files`. */
export function baseOf(files: Iterable<readonly [string, string]>, seq = 1, epoch = 1): Base {
  return { epoch, head: { seq, digest: `digest-${seq}`, tree: treeOf(files).digest() } }
}

export const creds = (more: object = {}) =>
  JSON.stringify({ noiseKey: { private: 'x' }, nextPreKeyId: 31, ...more })

/** A small committed session. */
export const smallSession: ReadonlyMap<string, string> = new Map([
  ['creds.json', creds({ me: { id: '1@s.whatsapp.net' }, account: {} })],
  ['pre-key-1.json', '{"public":"a","private":"b"}'],
  ['session-2_1.0.json', '{"version":"v1"}'],
  ['lid-mapping-15660000003.json', '"220000000000003"'],
  ['device-list-2.json', '["0","1"]'],
])

/** A root with tenant `t`, restored from `files` as head 1 and inspected. */
export async function openSmall(
  root: SessionRoot,
  files: ReadonlyMap<string, string> = smallSession,
): Promise<KeyFolder> {
  await root.replace('t', files, baseOf(files), { reason: 'restored' })
  return reopen(root, baseOf(files))
}

export async function reopen(root: SessionRoot, base: Base): Promise<KeyFolder> {
  return root.open('t', { base, copy: await root.inspect('t') })
}

/** Files as on disk, key files only, by name. */
export function readFolder(path: string): Map<string, string> {
  const names = readdirSync(path).filter((name) => name.endsWith('.json'))
  return new Map(names.sort().map((name) => [name, readFileSync(join(path, name), 'utf8')]))
}

export function writeFolder(path: string, files: ReadonlyMap<string, string>): void {
  mkdirSync(path, { recursive: true })
  for (const [name, content] of files) writeFileSync(join(path, name), content)
}

export const sorted = (files: Iterable<readonly [string, string]>) =>
  new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)))
