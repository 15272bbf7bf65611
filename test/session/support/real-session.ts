import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const archive = fileURLToPath(new URL('../fixtures/session-20-contacts.tar.gz', import.meta.url))

/** Unpacks a real `useMultiFileAuthState` folder (20 contacts, throw-away identities) as `{root}/{tenantId}`. */
export function unpackRealSession(root: string, tenantId: string): string {
  const folder = join(root, tenantId)
  execFileSync('mkdir', ['-p', folder])
  execFileSync('tar', ['-xzf', archive, '-C', folder, '--strip-components=1'])
  return folder
}
