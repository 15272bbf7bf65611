import type { Supervisor } from '../supervisor.js'
import type { Heard } from './supervisor-metrics.js'

export { definitions, type MetricDefinition, type MetricName } from './definitions.js'

/** The part of a supervisor that is measured. */
export type Measured = Pick<Supervisor<unknown>, 'on' | 'sessions' | 'uploads'>

export interface SupervisorMetrics {
  /** Of `text`. */
  readonly contentType: string
  /** All metrics as Prometheus reads them. Takes one pass over the sessions of this process. */
  text(): Promise<string>
  /** Counts nothing more. */
  close(): void
}

/**
 * Counts what a supervisor does, from this call on, for a program that serves its own metrics; `createHttpServer` and
 * the dashboard have `GET /metrics`. prom-client is loaded by this call only, and its global registry is not touched.
 */
export async function supervisorMetrics(supervisor: Measured): Promise<SupervisorMetrics> {
  // Heard from now on, though nobody counts yet.
  const missed: Heard[] = []
  let hear = (...heard: Heard): void => void missed.push(heard)
  const undo = [
    supervisor.on('fact', (event) => hear('fact', event)),
    supervisor.on('closed', (event) => hear('closed', event)),
    supervisor.on('alert', (event) => hear('alert', event)),
    supervisor.on('webhook', (event) => hear('webhook', event)),
  ]
  const { LiveMetrics } = await import('./supervisor-metrics.js')
  const metrics = new LiveMetrics(supervisor)
  hear = (...heard) => metrics.hear(...heard)
  for (const heard of missed) metrics.hear(...heard)
  const close = () => {
    for (const stop of undo) stop()
    metrics.close()
  }
  return { contentType: metrics.contentType, text: () => metrics.text(), close }
}
