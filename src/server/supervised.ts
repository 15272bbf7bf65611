import type { Supervisor } from '../supervisor.js'

/** The part of a supervisor that the server uses, whatever its sockets are. */
export type Supervised = Pick<
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
