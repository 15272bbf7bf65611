import { type AlertRule, type AlertSettings, seconds, wholeHost } from '../rule.js'
import { Window } from './window.js'

/** WhatsApp's "this client is outdated". */
const outdatedCode = 405

/** WhatsApp refuses this version of Baileys: one alert, however many tenants it hits. */
export function outdated({ alertOutdatedTenants, alertWindowMs }: AlertSettings): AlertRule {
  const refusals = new Window(alertWindowMs)
  return {
    name: 'fleet.outdated',
    advice:
      'WhatsApp takes this version of Baileys for outdated. Update the package, or set the version of WhatsApp Web in socketConfig, and restart; sessions are kept meanwhile.',
    note(fact, now) {
      if (fact.type !== 'link.closed' || fact.code !== outdatedCode) return false
      refusals.add(fact.tenantId, now)
      return true
    },
    look({ now }) {
      const { size } = refusals.counts(now)
      if (size < alertOutdatedTenants) return new Map()
      const message = `WhatsApp closed the connections of ${size} tenants with ${outdatedCode} within ${seconds(alertWindowMs)}`
      return new Map([[wholeHost, message]])
    },
  }
}
