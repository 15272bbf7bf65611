import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const runner = fileURLToPath(new URL('../support/run-typescript.mjs', import.meta.url))
const program = fileURLToPath(new URL('host-child.ts', import.meta.url))

interface Message {
  readonly type: string
  readonly id?: number
  readonly port?: number
  readonly tenantId?: string
  readonly text?: string
  readonly error?: string
  readonly result?: unknown
}

/** A host in a process of its own, and all that it prints. */
export class LoggedHost {
  output = ''
  port = 0
  onCode: (kind: string, tenantId: string, text: string) => void = () => {}
  readonly #child: ChildProcess
  readonly #ready: Promise<void>
  readonly #asked = new Map<number, (message: Message) => void>()
  #count = 0

  constructor(env: NodeJS.ProcessEnv) {
    this.#child = fork(runner, [program], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, ...env },
    })
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('utf8')
      stream.on('data', (text: string) => {
        this.output += text
      })
    }
    this.#ready = new Promise((resolve, reject) => {
      this.#child.once('exit', () => {
        const error = `The host ended: ${this.output.slice(-2_000)}`
        reject(new Error(error))
        for (const [id, answer] of this.#asked) answer({ type: 'done', id, error })
      })
      this.#child.on('message', (message: Message) => {
        if (message.type === 'ready') {
          this.port = message.port!
          resolve()
        } else if (message.type === 'done') this.#asked.get(message.id!)?.(message)
        else this.onCode(message.type, message.tenantId!, message.text!)
      })
    })
  }

  ready(): Promise<void> {
    return this.#ready
  }

  async tell(command: string, ...args: string[]): Promise<unknown> {
    const id = ++this.#count
    const { error, result } = await new Promise<Message>((resolve) => {
      this.#asked.set(id, resolve)
      this.#child.send(JSON.stringify({ id, command, args }))
    })
    if (error !== undefined) throw new Error(error)
    return result
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const closed = once(this.#child, 'close')
    this.#child.kill('SIGKILL')
    await closed
  }
}
