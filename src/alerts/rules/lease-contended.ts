import { type AlertRule, type AlertSettings, seconds } from '../rule.js'
import { Window } from './window.js'

/** One loss is what a paused host gets; two within the window are a fight. */
const lossesOfAFight = 2

/** Hosts take a tenant from one another, or one waits for long for a lease that another keeps. */
export function leaseContended({ alertLeaseMs, alertWindowMs }: AlertSettings): AlertRule {
  const losses = new Window(alertWindowMs)
  const waitsSince = new Map<string, number>()
  return {
    name: 'lease.contended',
    advice:
      'Look which hosts run (SELECT * FROM "SessionHost") and whether one of them is paused, overloaded or runs twice; stop the tenant with stop() on any host to end the fight.',
    note(fact, now) {
      if (fact.type === 'lease.acquired') waitsSince.delete(fact.tenantId)
      if (fact.type === 'lease.refused' && !waitsSince.has(fact.tenantId)) waitsSince.set(fact.tenantId, now)
      if (fact.type !== 'lease.lost') return false
      losses.add(fact.tenantId, now)
      return true
    },
    look({ now, sessions }) {
      const found = new Map<string, string>()
      for (const [tenantId, since] of waitsSince) {
        if (sessions.get(tenantId)?.result !== null) waitsSince.delete(tenantId)
        else if (now - since >= alertLeaseMs)
          found.set(tenantId, `has waited ${seconds(now - since)} for a lease that another host keeps`)
      }
      for (const [tenantId, count] of losses.counts(now)) {
        if (count >= lossesOfAFight)
          found.set(
            tenantId,
            `lost its lease to another host ${count} times within ${seconds(alertWindowMs)}`,
          )
      }
      return found
    },
  }
}
