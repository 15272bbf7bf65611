import type { ActorRefFrom } from 'xstate'
import type { tenantMachine } from '../machines/index.js'
import type { Host } from './actors/host.js'
import type { ImplementedMachines } from './implementations.js'
import type { DeviceLink } from './ports/index.js'
import type { CloseResult } from './session-api.js'
import type { Settings } from './settings.js'
import type { TurnQueue } from './turn-queue.js'

/** What a session tells its supervisor. */
export interface SessionReports<Socket> extends Pick<Host, 'report'> {
  /** Something about the session changed: its state, its link, its unprotected changes. */
  changed(tenantId: string): void
  /** A tenant's machine was made; it has not started. */
  machineMade(tenantId: string, actor: ActorRefFrom<typeof tenantMachine>): void
  socketMade(tenantId: string, socket: Socket): void
  code(tenantId: string, kind: 'qr' | 'pairingCode', text: string): void
  ended(tenantId: string, result: CloseResult): void
}

/** What a session needs of its supervisor. */
export interface SessionHost<Socket> extends Host, SessionReports<Socket> {
  readonly settings: Settings
  readonly link: DeviceLink<Socket>
  readonly connects: TurnQueue
  readonly machines: ImplementedMachines
}
