/** What alerts are about; one small file each in `rules/`. */
export const alertNames = [
  'changes.unprotected',
  'backup.failing',
  'restore.failing',
  'restore.fellBack',
  'lease.contended',
  'fleet.outdated',
  'disk.nearlyFull',
] as const

export type AlertName = (typeof alertNames)[number]

/** Something that needs a person. No secrets, and no phone number. */
export interface Alert {
  /** The same when it is raised and when it is resolved. */
  readonly id: string
  readonly rule: AlertName
  readonly state: 'raised' | 'resolved'
  /** Null when it is about several tenants, or about the host. */
  readonly tenantId: string | null
  /** How many tenants it is about, as of when it was raised; 0 when it is about the host. */
  readonly tenants: number
  /** Milliseconds since the Unix epoch. */
  readonly raisedAt: number
  readonly at: number
  /** What happened. */
  readonly message: string
  /** What to do. */
  readonly advice: string
}
