import { mayBeForced } from './ended-session.js'
import type { CloseResult } from './session-api.js'
import type { LogoutOptions } from './supervisor-api.js'

interface LogoutParts {
  /** @returns the session that runs now */
  readonly start: () => Promise<{
    readonly result: CloseResult | null
    untilLinked(timeoutMs: number): Promise<void>
    untilOpened(timeoutMs: number): Promise<void>
    logout(): Promise<CloseResult>
  }>
}

/**
 * Connects the tenant, unlinks its device and deletes its session.
 * @throws SessionError `timeout` WhatsApp did not answer, nothing was deleted · `ended` the session ended in another way,
 *   nothing was deleted
 */
export async function logOut(
  { start }: LogoutParts,
  { force = false, timeoutMs = 30_000 }: LogoutOptions,
): Promise<CloseResult> {
  const session = await start()
  try {
    await session.untilLinked(timeoutMs)
  } catch (error) {
    if (!force) throw error
  }
  const { result } = session
  const isToGo = result?.reason === 'loggedOut' || (force && result !== null && mayBeForced(result))
  if (!isToGo) return await session.logout()
  // It would end in the same way again: it is deleted as soon as it is ours.
  const again = await start()
  await again.untilOpened(timeoutMs)
  return await again.logout()
}
