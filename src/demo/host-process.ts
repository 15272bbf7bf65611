import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { SessionError } from '../index.js'
import { type FromHost, hostVariables, type ToHost } from './host-messages.js'

export interface HostOptions {
  readonly environment: Readonly<Record<keyof typeof hostVariables, string>>
  onMessage(message: FromHost): void
}

const errorOutputLimit = 2_000

/** A process that stands for a machine. */
export class HostProcess {
  readonly #child: ChildProcess
  readonly #exited: Promise<void>
  #errorOutput = ''
  #wanted = true

  constructor({ environment, onMessage }: HostOptions) {
    const variables = Object.entries(environment).map(([name, value]) => [
      hostVariables[name as keyof typeof hostVariables],
      value,
    ])
    this.#child = fork(fileURLToPath(new URL('./worker.js', import.meta.url)), [], {
      env: { ...process.env, ...Object.fromEntries(variables) },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
    })
    this.#child.on('message', (message) => onMessage(message as FromHost))
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#errorOutput = (this.#errorOutput + chunk.toString()).slice(-errorOutputLimit)
    })
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', () => resolve())
      // One that could not be started has no exit; what was sent to one that has just died is lost with it.
      this.#child.on('error', () => {
        if (this.#child.pid === undefined) resolve()
      })
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  send(message: ToHost): void {
    this.#child.send(message, () => {})
  }

  /** Rejects when the process ends without having been told to. */
  async unexpectedEnd(): Promise<never> {
    await this.#exited
    if (!this.#wanted) return new Promise<never>(() => {})
    const { exitCode, signalCode } = this.#child
    throw new SessionError(
      'unavailable',
      `A host process ended by itself (${signalCode ?? `exit code ${exitCode}`}). ${this.#errorOutput}`.trim(),
    )
  }

  /** SIGKILL: no handler, no last word, no flush. Resolves when the process is gone and all it said was heard. */
  async kill(): Promise<void> {
    this.#wanted = false
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const disconnected = this.#child.connected ? once(this.#child, 'disconnect') : Promise.resolve()
    this.#child.kill('SIGKILL')
    await Promise.all([this.#exited, disconnected])
  }

  /** Shuts down in order. */
  async stop(): Promise<void> {
    this.#wanted = false
    this.send({ type: 'stop' })
    await this.#exited
  }
}
