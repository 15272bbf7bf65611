import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const endMs = 2_000

/** A measurement that came to nothing, with what to do about it where that is known. */
export class MeasurementFailed extends Error {}

/**
 * Runs one measurement of the bundle in a process of its own and gives its result. When it resolves or rejects, the
 * process has ended.
 * @param ground a folder for what the measurement writes
 * @param profiles a folder for a CPU profile of it, if any
 * @param signal ends it
 */
export function measureInChild(path, { script, options, ground, profiles, signal }) {
  const profiled = profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`]
  const env = { ...process.env, TMPDIR: ground }
  const child = fork(path, [], { cwd: root, execArgv: ['--expose-gc', ...profiled], env })
  const stop = () => {
    child.kill()
    setTimeout(() => child.kill('SIGKILL'), endMs).unref()
  }
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  let answer = null
  child.once('message', (message) => {
    answer = message
  })
  child.send({ part: script, options })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, by) => {
      signal.removeEventListener('abort', stop)
      if (answer !== null && answer.failed === undefined) resolve(answer.result)
      else reject(failure(script, answer?.failed ?? { message: `it ended with ${by ?? code} and no result` }))
    })
  })
}

function failure(script, { message, stack }) {
  if (/ENOSPC|no space left/i.test(`${message} ${stack}`)) {
    return new MeasurementFailed(
      `The measurement ${script} found no room left for its sessions. Make room, or give another folder with --dir`,
    )
  }
  return new MeasurementFailed(`The measurement ${script} failed: ${stack || message}`)
}
