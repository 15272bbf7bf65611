import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { definitions } from '../../src/metrics/index.js'
import { startServer } from '../server/setup.js'
import { samplesOf } from './exposition.js'
import { askedBy } from './promql.js'

const top = path.join(import.meta.dirname, '../..')
const read = (file: string) => readFileSync(path.join(top, file), 'utf8')

/** Prometheus puts these on every series by itself. */
const ownLabels = new Set(['instance', 'job', 'le'])

const dashboard = JSON.parse(read('ops/grafana-dashboard.json')) as {
  panels: { title: string; targets: { expr: string; legendFormat: string }[] }[]
  templating: { list: { query: string }[] }
}
const panelExpressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))
// One expression a line, as the file is written; a YAML parser would be a dependency for this alone.
const rules = read('ops/prometheus-alerts.yml')
const ruleExpressions = [...rules.matchAll(/^ {8}expr: (.+)$/gm)].map(([, expression]) => expression!)

/** What an expression asks for and a scrape does not have. */
function strays(expressions: readonly string[], samples: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  return expressions.flatMap((expression) =>
    askedBy(expression).flatMap(({ name, labels }) => {
      if (name === 'up') return []
      const known = samples.get(name)
      if (known === undefined) return [`${name} is not exposed: ${expression}`]
      return labels
        .filter((label) => !known.has(label) && !ownLabels.has(label))
        .map((label) => `${name} has no label ${label}: ${expression}`)
    }),
  )
}

describe('what ops asks Prometheus for', () => {
  it('is exposed by a scrape, each name and each label', async () => {
    const { ask } = await startServer()
    const samples = samplesOf((await ask('/metrics')).json as unknown as string)
    expect(panelExpressions.length).toBeGreaterThan(25)
    expect(ruleExpressions).toHaveLength([...rules.matchAll(/^ {6}- alert: /gm)].length)
    expect(strays([...panelExpressions, ...ruleExpressions], samples)).toEqual([])
    const variables = dashboard.templating.list.map(({ query }) => /^label_values\((\w+),/.exec(query)?.[1])
    for (const name of variables.filter((each) => each !== undefined)) expect(samples.has(name)).toBe(true)
  })

  it('would be found out if a name or a label were wrong', async () => {
    const { ask } = await startServer()
    const samples = samplesOf((await ask('/metrics')).json as unknown as string)
    const wrong = [
      'sum(rate(session_supervisor_backup_failed_total[5m]))',
      'sum by (tenant) (session_supervisor_tenants{status="CONNECTED"})',
      'session_supervisor_disconnects_total{kode="405"} > 0 and on (instance) up',
      'histogram_quantile(0.9, rate(session_supervisor_rpo_seconds[5m]))',
    ]
    expect(strays(wrong, samples).map((stray) => stray.split(':')[0])).toEqual([
      'session_supervisor_backup_failed_total is not exposed',
      'session_supervisor_tenants has no label tenant',
      'session_supervisor_disconnects_total has no label kode',
      'session_supervisor_rpo_seconds is not exposed',
    ])
  })

  it('is described metric by metric in docs/operations.md', () => {
    const rows = [
      ...read('docs/operations.md').matchAll(/^\| `([a-z_]+)` +\| ([a-z]+) +\| (.*?) +\| (.*?) +\|$/gm),
    ]
    const documented = rows.map(([, name, type, labels, help]) => [name, type, labels, help])
    const expected = Object.entries(definitions).map(([name, { type, labels = [], help }]) => [
      name,
      type,
      (labels as readonly string[]).map((label) => `\`${label}\``).join(', '),
      help,
    ])
    expect(documented).toEqual(expected)
  })
})
