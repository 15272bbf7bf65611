import { SessionError } from '../errors.js'
import type { AwaitedState, Session } from '../session-api.js'
import type { Supervisor } from '../supervisor.js'
import type { LogoutOptions, StartOptions } from '../supervisor-api.js'
import type { CallName } from './messages.js'

type Supervised = Pick<Supervisor<unknown>, 'start' | 'stop' | 'logout' | 'get' | 'resume'>

/** What a parent may ask of a worker. What comes back must be data. */
const calls: Record<CallName, (supervisor: Supervised, ...args: never[]) => Promise<unknown>> = {
  resume: (supervisor) => supervisor.resume(),
  start: async (supervisor, tenantId: string, options: StartOptions) => {
    await supervisor.start(tenantId, options)
  },
  stop: (supervisor, tenantId: string) => supervisor.stop(tenantId),
  logout: (supervisor, tenantId: string, options: LogoutOptions) => supervisor.logout(tenantId, options),
  waitFor: (supervisor, tenantId: string, state: AwaitedState, options: { timeoutMs?: number }) =>
    sessionOf(supervisor, tenantId).waitFor(state, options),
  backupNow: (supervisor, tenantId: string) => sessionOf(supervisor, tenantId).backupNow(),
  auditNow: (supervisor, tenantId: string) => sessionOf(supervisor, tenantId).auditNow(),
  stopSession: (supervisor, tenantId: string) => sessionOf(supervisor, tenantId).stop(),
  logoutSession: (supervisor, tenantId: string) => sessionOf(supervisor, tenantId).logout(),
}

export async function callByName(supervisor: Supervised, name: CallName, args: unknown[]): Promise<unknown> {
  return await calls[name](supervisor, ...(args as never[]))
}

function sessionOf(supervisor: Supervised, tenantId: string): Session<unknown> {
  const session = supervisor.get(tenantId)
  if (session !== undefined) return session
  throw new SessionError('ended', `Tenant ${tenantId} does not run in this worker any more; try again.`)
}
