import type { AlertRule, AlertSettings } from '../rule.js'

/** An older backup was restored because the newest does not verify: what came after it is lost. */
export function fellBack({ alertWindowMs }: AlertSettings): AlertRule {
  const until = new Map<string, { at: number; skipped: number }>()
  return {
    name: 'restore.fellBack',
    advice: 'Keep the objects and look at the store: something damaged or removed the newest backup.',
    note(fact, now) {
      if (fact.type !== 'session.restored' || !fact.fellBack) return false
      until.set(fact.tenantId, { at: now + alertWindowMs, skipped: fact.skippedSeqs.length })
      return true
    },
    look({ now }) {
      const found = new Map<string, string>()
      for (const [tenantId, { at, skipped }] of until) {
        if (at <= now) until.delete(tenantId)
        else found.set(tenantId, `an older backup was restored; ${skipped} newer ones do not verify`)
      }
      return found
    },
  }
}
