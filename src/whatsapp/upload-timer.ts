import type { UserFacingSocketConfig } from '@whiskeysockets/baileys'

type BaileysLogger = NonNullable<UserFacingSocketConfig['logger']>

/** What Baileys logs right before it sets the timer, in one turn. */
const uploading = 'uploading pre-keys'

/** Baileys' `UPLOAD_TIMEOUT`. */
const uploadLimitMs = 30_000

/**
 * Baileys bounds an upload of pre-keys by a timer that it never clears, not even when the upload is done. With this
 * logger that timer does not keep the process alive: a program ends by itself when its sockets have.
 */
export function releaseUploadTimer(logger: BaileysLogger): BaileysLogger {
  const released: BaileysLogger = Object.create(logger)
  released.info = (fields: unknown, message?: string) => {
    if (message === uploading) releaseTimersOfThisTurn()
    logger.info(fields, message)
  }
  return released
}

function releaseTimersOfThisTurn(): void {
  const { setTimeout: original } = globalThis
  const releasing = (run: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => {
    const timer = original(run, ms, ...args)
    if (ms === uploadLimitMs) timer.unref()
    return timer
  }
  const replacement = Object.assign(releasing, original)
  globalThis.setTimeout = replacement
  queueMicrotask(() => {
    if (globalThis.setTimeout === replacement) globalThis.setTimeout = original
  })
}
