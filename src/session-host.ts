import type { Host } from './actors/host.js'
import type { ImplementedMachines } from './implementations.js'
import type { DeviceLink } from './ports/index.js'
import type { CloseResult } from './session-api.js'
import type { Settings } from './settings.js'
import type { TurnQueue } from './turn-queue.js'

/** What a session needs of its supervisor. */
export interface SessionHost<Socket> extends Host {
  readonly settings: Settings
  readonly link: DeviceLink<Socket>
  readonly connects: TurnQueue
  readonly machines: ImplementedMachines
  /** Something about the session changed: its state, its link, its unprotected changes. */
  changed(tenantId: string): void
  socketMade(tenantId: string, socket: Socket): void
  code(tenantId: string, kind: 'qr' | 'pairingCode', text: string): void
  ended(tenantId: string, result: CloseResult): void
}
