import type { Supervisor } from '../supervisor.js'

/** The part of a supervisor that the server uses, whatever its sockets are, and in whatever process they live. */
export type Supervised = SupervisorPart & {
  /** What keeps it from its work, beside the store and the registry; absent: nothing could. */
  readonly problems?: readonly string[]
}

type SupervisorPart = Pick<
  Supervisor<unknown>,
  | 'start'
  | 'stop'
  | 'logout'
  | 'get'
  | 'on'
  | 'sessions'
  | 'tenant'
  | 'tenants'
  | 'checkStore'
  | 'isShuttingDown'
  | 'hostId'
  | 'inspect'
  | 'machines'
  | 'generations'
  | 'localFiles'
  | 'uploads'
>
