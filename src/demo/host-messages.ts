/** What the parent tells a host. */
export type ToHost =
  /** Pair these tenants, or bring them up. Host 2 is never told: it finds them in the registry. */
  | { readonly type: 'start'; readonly tenantIds: readonly string[] }
  /** Work that the application still owes: a message that the dead host took and did not answer. */
  | ({ readonly type: 'answer' } & Owed)
  | { readonly type: 'stop' }

export interface Owed {
  readonly tenantId: string
  /** The contact's jid. */
  readonly to: string
  /** Id of the contact's message. */
  readonly id: string
}

/** What a host tells the parent. */
export type FromHost =
  | { readonly type: 'ready' }
  | { readonly type: 'qr'; readonly tenantId: string; readonly qr: string }
  | { readonly type: 'connected'; readonly tenantId: string }
  | { readonly type: 'received'; readonly id: string }
  /** A message that the bot could not decrypt. */
  | { readonly type: 'undecrypted'; readonly id: string }
  | { readonly type: 'answered'; readonly id: string; readonly answerId: string }
  | { readonly type: 'committed'; readonly ageMs: number }
  | { readonly type: 'restored'; readonly tenantId: string; readonly files: number; readonly seq: number }
  /** A frame went out although the changes behind it were not backed up in time. */
  | { readonly type: 'unprotected' }
  | { readonly type: 'problem'; readonly text: string }
  | { readonly type: 'stopped'; readonly unprotected: number }

/** How a host is set up, by environment variables. */
export const hostVariables = {
  url: 'DEMO_WHATSAPP_URL',
  rootKey: 'DEMO_WHATSAPP_ROOT_KEY',
  store: 'DEMO_STORE',
  registry: 'DEMO_REGISTRY',
  sessions: 'DEMO_SESSIONS',
} as const

/** Short leases, so that nobody watches a clock; the defaults are 15 s and 5 s. */
export const leaseSettings = { leaseTtlMs: 2_000, leaseRenewMs: 500 } as const
