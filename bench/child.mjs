import { fork } from 'node:child_process'

/**
 * Runs one measurement of the bundle in a process of its own and gives its result.
 * @param profiles a folder for a CPU profile of it; null for none
 */
export function inChild(path, { script, options }, { env, profiles = null }) {
  const profiled = profiles === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`]
  const child = fork(path, [], { execArgv: ['--expose-gc', ...profiled], env: { ...process.env, ...env } })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) =>
      reject(new Error(`The measurement ${script} ended with ${signal ?? code} and no result.`)),
    )
    child.once('message', ({ result, failed }) => {
      if (failed === undefined) resolve(result)
      else reject(new Error(`The measurement ${script} failed: ${failed}`))
    })
    child.send({ part: script, options })
  })
}
