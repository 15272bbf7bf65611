// @ts-check

/** @typedef {import('../payloads.js').TenantRow} TenantRow */
/** @typedef {'ok' | 'busy' | 'pair' | 'warn' | 'bad' | 'off'} Tone */

/** @type {Record<TenantRow['status'], { label: string, tone: Tone, icon: string }>} */
export const statuses = {
  CONNECTED: { label: 'Connected', tone: 'ok', icon: 'connected' },
  RESTORING: { label: 'Restoring', tone: 'busy', icon: 'restoring' },
  PAIRING: { label: 'Pairing', tone: 'pair', icon: 'pairing' },
  DISCONNECTED: { label: 'Disconnected', tone: 'off', icon: 'disconnected' },
  LOGGED_OUT: { label: 'Logged out', tone: 'bad', icon: 'loggedOut' },
  REPLACED: { label: 'Replaced', tone: 'bad', icon: 'replaced' },
  BANNED: { label: 'Banned', tone: 'bad', icon: 'banned' },
  FAILED: { label: 'Failed', tone: 'bad', icon: 'failed' },
}

/** In the order that they are shown in. */
export const statusNames = /** @type {TenantRow['status'][]} */ (Object.keys(statuses))

/**
 * What a row shows: its status, but a connected tenant whose link waits is told apart.
 * @param {TenantRow} row
 * @returns {{ label: string, tone: Tone, icon: string }}
 */
export function appearance(row) {
  if (row.status === 'DISCONNECTED' && row.desiredState === 'stopped')
    return { label: 'Stopped', tone: 'off', icon: 'disconnected' }
  if (row.status === 'CONNECTED' && row.runs !== 'no' && row.link !== 'open' && row.link !== '')
    return { label: 'Reconnecting', tone: 'warn', icon: 'reconnecting' }
  return statuses[row.status] ?? { label: row.status, tone: 'off', icon: 'disconnected' }
}

/**
 * What to do about the last error of a session (codes of the machines and of SessionError).
 * @type {Record<string, string>}
 */
const errorAdvice = {
  unavailable:
    'The store or the registry does not answer. It is tried again by itself; look at the store if it stays.',
  denied:
    'The store or the registry refused the credentials. Check SUPABASE_SERVICE_KEY and DATABASE_URL, then restart.',
  corrupt: 'The backup does not verify. Nothing is overwritten; keep the objects and look at the store.',
  undecided:
    'It cannot be told whether a session exists, so nothing is paired or written. Look at the store.',
  fenced: 'Another host has taken over this tenant. This one writes nothing more.',
  leased: 'Another host holds this tenant. It is taken up when that lease ends.',
  tooLarge: 'The backup is over a limit of the store. Raise the limit of the bucket.',
  missing: 'Something that the session needs is not in the store. Look at the store.',
  exists: 'A name in the store was taken already; the backup is made again under another one.',
  timeout: 'Something did not happen in time; it is tried again by itself.',
  diskFull: 'The disk of the host is full. Nothing was lost; free some space.',
  locked: 'Another process uses the folder of the sessions. End it.',
  closed: 'The session was closing already.',
  notUnlinked:
    'WhatsApp did not confirm the logout. Remove the device by hand: Linked devices, on the phone.',
  wipeFailed: 'The deletion did not get through. Log out once more.',
  invalid: 'An input was refused. See the log of the host.',
  ended: 'The session had ended already.',
  internal:
    'A defect of this program. Report it with the stack from the log of the host; nothing was overwritten.',
}

/**
 * What to do after a session ended.
 * @type {Record<string, string>}
 */
const endAdvice = {
  loggedOut:
    'It was logged out on the phone. The backups are kept for the retention time; start it to pair anew.',
  replaced: 'Another client uses the same session. End that one, then start this tenant.',
  banned: 'WhatsApp has banned the account.',
  temporarilyBanned: 'WhatsApp has banned the account for a while. Start it again later.',
  outdated: 'WhatsApp refuses this version of the client. Update Baileys, then start it.',
  notMultiDevice: 'The account does not allow linked devices. Update WhatsApp on the phone, then pair again.',
  unavailable: 'WhatsApp stayed unreachable. Start it again later.',
  failed:
    'It failed in a way that another try does not mend by itself. See the log of the host, then start it.',
  pairingRefused:
    'WhatsApp asked for a new pairing although a session was expected. Look at the phone before pairing anew.',
  pairingTimeout: 'Nobody used the code in time. Start it for a new one.',
  pairingExpired: 'WhatsApp gives no more codes for this try. Start it for a new one.',
  leaseLost: 'Another host has taken it over.',
}

/** @param {string} code */
export function adviceOfError(code) {
  return errorAdvice[code] ?? 'See the log of the host.'
}

/** @param {string} reason @returns {string | null} null when there is nothing to do */
export function adviceOfEnd(reason) {
  return endAdvice[reason] ?? null
}
