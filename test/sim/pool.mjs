import { fork } from 'node:child_process'

/** Worker processes that take one task at a time, in the order in which they are given. */
export class Pool {
  #idle = []
  #waiting = []
  #workers = []

  constructor(path, size) {
    for (let n = 0; n < size; n++) {
      const worker = fork(path, {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        // Errors are thrown by the thousand, and memory lives for a run.
        execArgv: ['--stack-trace-limit=3', '--max-semi-space-size=64'],
      })
      this.#workers.push(worker)
      this.#idle.push(worker)
    }
  }

  /** @returns what the worker answers; rejects when it fails or dies */
  run(task) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ task, resolve, reject })
      this.#next()
    })
  }

  close() {
    for (const worker of this.#workers) worker.kill()
  }

  #next() {
    const worker = this.#waiting.length > 0 ? this.#idle.pop() : undefined
    if (!worker) return
    const { task, resolve, reject } = this.#waiting.shift()
    const died = (code, signal) => reject(new Error(`A worker of the simulation ended (${code ?? signal}).`))
    worker.once('exit', died)
    worker.once('message', (answer) => {
      worker.off('exit', died)
      this.#idle.push(worker)
      if (answer.failed) reject(new Error(answer.failed))
      else resolve(answer)
      this.#next()
    })
    worker.send(task)
  }
}
