import type { KeyFolder } from './session/index.js'
import type { Session } from './session-api.js'

/** @param ended what it ended with; undefined while it runs */
export function unprotectedOf(
  folder: KeyFolder | null,
  ended: number | undefined,
  now: number,
): Session['unprotected'] {
  const oldest = folder?.oldestUnsavedAt ?? null
  return {
    changes: folder?.unsavedCount ?? ended ?? 0,
    since: oldest,
    ageMs: oldest === null ? 0 : Math.max(0, now - oldest),
    preKeys: folder?.unsavedPreKeys ?? 0,
  }
}
