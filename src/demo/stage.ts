import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Loopback, startLoopback } from '../loopback/index.js'
import type { FromHost } from './host-messages.js'
import { HostProcess } from './host-process.js'

/** Everything that the demo starts and makes, so that it can be ended and removed whatever happens. */
export class Stage {
  readonly base: string
  readonly whatsapp: Loopback
  readonly #keep: boolean
  readonly #hosts: HostProcess[] = []

  private constructor(base: string, whatsapp: Loopback, keep: boolean) {
    this.base = base
    this.whatsapp = whatsapp
    this.#keep = keep
  }

  static async set({ keep }: { keep: boolean }): Promise<Stage> {
    const base = await mkdtemp(join(tmpdir(), 'session-supervisor-demo-'))
    await Promise.all(['objects', 'registry'].map((name) => mkdir(join(base, name))))
    return new Stage(base, await startLoopback(), keep)
  }

  /** The working copies of host `number`: its disk. */
  diskOf(number: number): string {
    return join(this.base, `host-${number}`)
  }

  /** A new process with an empty disk, on the same store and registry. */
  async startHost(number: number, onMessage: (message: FromHost) => void): Promise<HostProcess> {
    await mkdir(this.diskOf(number))
    const environment = {
      url: this.whatsapp.url,
      rootKey: this.whatsapp.rootPublicKey,
      store: join(this.base, 'objects'),
      registry: join(this.base, 'registry'),
      sessions: this.diskOf(number),
    }
    const host = new HostProcess({ environment, onMessage })
    this.#hosts.push(host)
    return host
  }

  async loseDisk(number: number): Promise<void> {
    await rm(this.diskOf(number), { recursive: true })
  }

  /** Ends every process, closes the server and removes every file. */
  async strike(): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.kill()))
    await this.whatsapp.close()
    if (!this.#keep) await rm(this.base, { recursive: true, force: true, maxRetries: 3 })
  }
}
