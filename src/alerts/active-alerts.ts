import type { Alert } from './alert.js'
import { type AlertRule, type Findings, wholeHost } from './rule.js'

/** More tenants than this with one trouble are one alert: a store that is away must not send a thousand. */
const tenantsOneByOne = 10

/** Key of the alert about many tenants; no tenant id has a star. */
const many = '*'

interface Active {
  readonly alert: Alert
  /** When it was last found to be so. */
  seenAt: number
}

/** The alerts of one rule: raised once, resolved when nothing was found for a while. */
export class ActiveAlerts {
  readonly #rule: AlertRule
  readonly #resolveMs: number
  readonly #active = new Map<string, Active>()

  constructor(rule: AlertRule, resolveMs: number) {
    this.#rule = rule
    this.#resolveMs = resolveMs
  }

  /** What is to be told after a look. */
  update(findings: Findings, now: number): Alert[] {
    const told: Alert[] = []
    for (const [key, message] of this.#together(findings)) {
      const active = this.#active.get(key)
      if (active) active.seenAt = now
      else told.push(this.#raise(key, message, { now, tenants: tenantsOf(key, findings) }))
    }
    for (const [key, { alert, seenAt }] of this.#active) {
      if (now - seenAt < this.#resolveMs) continue
      this.#active.delete(key)
      told.push({ ...alert, state: 'resolved', at: now, message: `no longer: ${alert.message}` })
    }
    return told
  }

  #together(findings: Findings): Findings {
    if (findings.size <= tenantsOneByOne) return findings
    // Those that were told of one by one go on until they are over.
    const known = [...findings].filter(([key]) => this.#active.has(key))
    const [[, example]] = findings as unknown as [[string, string]]
    return new Map([...known, [many, `${findings.size} tenants, one of them: ${example}`]])
  }

  #raise(key: string, message: string, { now, tenants }: { now: number; tenants: number }): Alert {
    const alert: Alert = {
      id: `${this.#rule.name}/${key || 'host'}/${now}`,
      rule: this.#rule.name,
      state: 'raised',
      tenantId: key === many || key === wholeHost ? null : key,
      tenants,
      raisedAt: now,
      at: now,
      message,
      advice: this.#rule.advice,
    }
    this.#active.set(key, { alert, seenAt: now })
    return alert
  }
}

function tenantsOf(key: string, findings: Findings): number {
  if (key === wholeHost) return 0
  return key === many ? findings.size : 1
}
