// @ts-check
import { meter } from './meter.js'

/** @type {Set<() => void>} */
const jobs = new Set()
let isAsked = false

/**
 * Runs a job before the next picture is drawn; one that is asked for again meanwhile runs once. Nothing runs while the
 * page is hidden, so what a job works off must not grow without end.
 * @param {() => void} job
 */
export function inNextFrame(job) {
  jobs.add(job)
  if (isAsked) return
  isAsked = true
  requestAnimationFrame(() => {
    isAsked = false
    meter.frames += 1
    const due = [...jobs]
    jobs.clear()
    for (const run of due) run()
  })
}
