import { type AlertRule, type AlertSettings, type AlertView, seconds } from '../rule.js'

/** A connected session has had changes for long that no backup covers. */
export function unprotected({ alertUnprotectedMs }: AlertSettings): AlertRule {
  return {
    name: 'changes.unprotected',
    advice:
      'Look whether the store and the registry answer (GET /readyz). Do not lose this disk until it is resolved.',
    look({ sessions }: AlertView) {
      const found = new Map<string, string>()
      for (const [tenantId, { status, unprotected: left, result }] of sessions) {
        if (result !== null || status !== 'CONNECTED' || left.ageMs <= alertUnprotectedMs) continue
        found.set(
          tenantId,
          `connected, and ${left.changes} changes have had no backup for ${seconds(left.ageMs)}`,
        )
      }
      return found
    },
  }
}
