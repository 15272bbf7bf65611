import type { SupervisorEvents } from '../supervisor-api.js'
import { countFact } from './fact-counts.js'
import { Families } from './families.js'
import type { Measured, SupervisorMetrics } from './index.js'
import { ProcessReader, readSessions } from './scrape.js'
import { knownValues } from './values.js'

export type Heard = { [Name in keyof SupervisorEvents]: [name: Name, event: SupervisorEvents[Name]] }[
  | 'fact'
  | 'closed'
  | 'alert'
  | 'webhook']

/** The metrics of one supervisor; see {@link definitions}. */
export class LiveMetrics implements SupervisorMetrics {
  readonly #supervisor: Measured
  readonly #families = new Families()
  readonly #process = new ProcessReader()

  constructor(supervisor: Measured) {
    this.#supervisor = supervisor
    beginAtZero(this.#families)
  }

  get contentType(): string {
    return this.#families.registry.contentType
  }

  async text(): Promise<string> {
    const { sessions, uploads } = this.#supervisor
    readSessions(this.#families, sessions.values())
    this.#families.set('session_supervisor_uploads_running', uploads.running)
    this.#families.set('session_supervisor_uploads_waiting', uploads.waiting)
    this.#process.read(this.#families)
    return await this.#families.registry.metrics()
  }

  close(): void {
    this.#families.registry.clear()
  }

  hear(...[name, event]: Heard): void {
    const families = this.#families
    if (name === 'fact') countFact(families, event)
    else if (name === 'closed') {
      families.add('session_supervisor_sessions_ended_total', 1, { reason: event.reason })
    } else if (name === 'webhook') {
      families.add('session_supervisor_webhook_deliveries_total', 1, { result: event.result })
    } else {
      const isRaised = event.state === 'raised'
      families.add('session_supervisor_alerts_active', isRaised ? 1 : -1, { rule: event.rule })
      if (isRaised) families.add('session_supervisor_alerts_raised_total', 1, { rule: event.rule })
    }
  }
}

function beginAtZero(families: Families): void {
  for (const [name, label, values] of knownValues) {
    for (const value of values) families.add(name, 0, { [label]: value })
  }
}
