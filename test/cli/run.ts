import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { onTestFinished } from 'vitest'

/** What `npx session-supervisor` runs; it needs `npm run build`, which `npm test` runs first. */
const main = fileURLToPath(new URL('../../bin/session-supervisor.mjs', import.meta.url))

export interface Finished {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** A module that the process loads first. */
  readonly preload?: string
}

/** An empty directory, gone after the test. */
export async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'bss-cli-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** The command line as a process of its own, with nothing of this process's configuration. */
export class CliProcess {
  readonly child: ChildProcess
  readonly finished: Promise<Finished>
  stdout = ''
  stderr = ''
  readonly #watchers = new Set<() => void>()

  constructor(args: readonly string[], { cwd, env = {}, preload }: RunOptions) {
    const { PATH, HOME, SystemRoot } = process.env
    const first = preload ? ['--import', pathToFileURL(preload).href] : []
    this.child = spawn(process.execPath, [...first, main, ...args], {
      cwd,
      env: { PATH, HOME, ...(SystemRoot ? { SystemRoot } : {}), NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.child.stdout!.on('data', (chunk) => this.#note('stdout', chunk))
    this.child.stderr!.on('data', (chunk) => this.#note('stderr', chunk))
    this.finished = once(this.child, 'close').then(([exitCode]) => {
      for (const look of [...this.#watchers]) look()
      return { exitCode, stdout: this.stdout, stderr: this.stderr }
    })
    onTestFinished(async () => {
      if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL')
      await this.finished
    })
  }

  /** The first match in what it logs, as soon as there is one; rejects when it ends without. */
  logged(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = pattern.exec(this.stderr)
        if (!found && this.child.exitCode === null && this.child.signalCode === null) return
        this.#watchers.delete(look)
        if (found) resolve(found)
        else reject(new Error(`It ended without ${pattern}: ${this.stderr}${this.stdout}`))
      }
      this.#watchers.add(look)
      look()
    })
  }

  async end(signal: NodeJS.Signals): Promise<Finished> {
    this.child.kill(signal)
    return await this.finished
  }

  #note(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    this[stream] += chunk.toString()
    for (const look of [...this.#watchers]) look()
  }
}

export function runCli(args: readonly string[], options: RunOptions): Promise<Finished> {
  return new CliProcess(args, options).finished
}

/** `start` on a free port, when it answers. */
export async function startCli(options: RunOptions): Promise<{ server: CliProcess; url: string }> {
  const server = new CliProcess(['start'], { ...options, env: { PORT: '0', ...options.env } })
  const [, url] = await server.logged(/"url":"([^"]+)"/)
  return { server, url: url! }
}
