import { fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const fileAt = (name) => fileURLToPath(new URL(name, import.meta.url))

/** A process that answers messages with an id. */
export class Asked {
  #child
  #waiting = new Map()
  #lastId = 0

  constructor(script, { execPath = process.execPath, env = {}, onMessage = () => {} } = {}) {
    this.#child = fork(fileAt(script), [], {
      execPath,
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { ...process.env, ...env },
    })
    this.#child.on('message', (message) => {
      const { id, value, error } = message
      if (id === undefined) return onMessage(message)
      const { resolve, reject } = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error === undefined) resolve(value)
      else reject(new Error(error))
    })
    this.ended = new Promise((resolve) => this.#child.once('exit', resolve))
  }

  get pid() {
    return this.#child.pid
  }

  ask(ask, options = {}) {
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      void this.ended.then(() => reject(new Error('the process ended')))
      this.#child.send({ id, ask, ...options })
    })
  }

  async end() {
    this.#child.kill('SIGTERM')
    await this.ended
  }
}

/** User and system time, its threads included, milliseconds; Linux counts it in hundredths of a second. */
export function cpuMsOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

export function rssBytesOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) * 1024
}

/** @throws Error when it is not so within the limit */
export async function until(isSo, limitMs, what) {
  const end = performance.now() + limitMs
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`waited ${limitMs} ms for ${what}`)
    await delay(50)
  }
}
