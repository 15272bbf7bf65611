import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { definitions, type MetricDefinition, type MetricName } from './definitions.js'

type Labels = Readonly<Record<string, string>>

/** The defined metrics in a registry of their own, so that an embedding program's are left alone. */
export class Families {
  readonly registry = new Registry()
  readonly #metrics = new Map<MetricName, Counter | Gauge | Histogram>()

  constructor() {
    for (const [name, definition] of Object.entries(definitions) as [MetricName, MetricDefinition][]) {
      this.#metrics.set(name, metricOf(name, definition, this.registry))
    }
  }

  add(name: MetricName, value: number, labels: Labels = {}): void {
    const metric = this.#metrics.get(name) as Counter | Gauge
    metric.inc(labels, value)
  }

  set(name: MetricName, value: number, labels: Labels = {}): void {
    const metric = this.#metrics.get(name) as Gauge
    metric.set(labels, value)
  }

  observe(name: MetricName, value: number): void {
    const metric = this.#metrics.get(name) as Histogram
    metric.observe(value)
  }

  /** A counter whose value is counted elsewhere. */
  replace(name: MetricName, value: number): void {
    const metric = this.#metrics.get(name) as Counter
    metric.reset()
    metric.inc(value)
  }
}

function metricOf(name: MetricName, definition: MetricDefinition, registry: Registry) {
  const { type, help, labels = [], buckets = [] } = definition
  const common = { name, help, labelNames: [...labels], registers: [registry] }
  if (type === 'histogram') return new Histogram({ ...common, buckets: [...buckets] })
  return type === 'counter' ? new Counter(common) : new Gauge(common)
}
