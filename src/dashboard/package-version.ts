import { createRequire } from 'node:module'

export function packageVersion(): string {
  const { version } = createRequire(import.meta.url)('baileys-session-supervisor/package.json')
  return version
}
