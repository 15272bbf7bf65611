import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const runner = fileURLToPath(new URL('run-typescript.mjs', import.meta.url))

export interface Child {
  readonly pid: number
  /** The next message that the child sends; rejects with its stderr when it ends before. */
  next(): Promise<unknown>
  send(message: string): void
  /** Resolves when the process is gone. */
  kill(signal: NodeJS.Signals): Promise<void>
}

/** Starts a TypeScript file (relative to test/) as a real process that talks over IPC. */
export function startChild(file: string, args: string[] = [], env: NodeJS.ProcessEnv = {}): Child {
  const path = fileURLToPath(new URL(`../${file}`, import.meta.url))
  const child = fork(runner, [path, ...args], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, ...env },
  })
  let stderr = ''
  child.stderr!.on('data', (chunk) => {
    stderr += chunk
  })
  const messages: unknown[] = []
  const waiting: (() => void)[] = []
  const wake = () => waiting.splice(0).forEach((run) => void run())
  child.on('message', (message) => {
    messages.push(message)
    wake()
  })
  child.on('close', wake)
  const next = async (): Promise<unknown> => {
    while (messages.length === 0) {
      if (ended(child)) throw new Error(`The child ended (${child.exitCode ?? child.signalCode}): ${stderr}`)
      await new Promise<void>((resolve) => waiting.push(resolve))
    }
    return messages.shift()
  }
  const kill = async (signal: NodeJS.Signals) => {
    if (ended(child)) return
    const closed = once(child, 'close')
    child.kill(signal)
    await closed
  }
  return { pid: child.pid!, next, kill, send: (message) => void child.send(message) }
}

function ended(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}
