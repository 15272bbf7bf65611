import { existsSync } from 'node:fs'
import { SessionError } from '../errors.js'

/** Takes `.env` of the current directory into the environment; what is set already goes first. */
export function loadDotEnv(): void {
  if (!existsSync('.env')) return
  try {
    process.loadEnvFile('.env')
  } catch (cause) {
    const { code = 'unknown' } = cause as NodeJS.ErrnoException
    throw new SessionError('invalid', `The file .env cannot be read (${code}). Nothing was touched.`, {
      cause,
    })
  }
}
