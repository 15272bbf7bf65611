import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const patienceMs = 15_000

/** Resolves with true when `reached`; false when the worker has died or it took too long. */
async function poll(worker, reached) {
  const end = performance.now() + patienceMs
  while (!worker.gone && performance.now() < end) {
    if (reached()) return true
    await delay(1)
  }
  return false
}

const sizeOf = (path) => statSync(path, { throwIfNoEntry: false })?.size ?? 0

/**
 * When a worker is killed: `reached` resolves at a recognisable moment, the kill follows within `spanMs` at random.
 * Early ones come before the restarted session was found usable, late ones while it works.
 */
export const moments = {
  // A session that is not paired.
  starting: { spanMs: 900, reached: async () => true },
  qr: { spanMs: 60, reached: (lane) => lane.codeShown() },
  pairing: { spanMs: 300, scans: true, reached: (lane) => lane.codeShown() },
  stored: {
    spanMs: 80,
    scans: true,
    reached: (lane) => poll(lane.worker, () => existsSync(join(lane.folder, 'creds.json'))),
  },
  preKeys: {
    spanMs: 250,
    scans: true,
    reached: (lane) =>
      poll(
        lane.worker,
        () =>
          sizeOf(join(lane.folder, '.journal')) > 50_000 || existsSync(join(lane.folder, 'pre-key-1.json')),
      ),
  },
  // From here on WhatsApp counts the device as linked: by now it must have outlived this disk.
  linked: {
    spanMs: 15,
    scans: true,
    empties: true,
    reached: (lane) => poll(lane.worker, () => lane.linked()),
  },
  firstLogin: {
    spanMs: 300,
    scans: true,
    reached: (lane) => poll(lane.worker, () => lane.logins() > lane.loginsBefore),
  },
  // A paired session that comes back.
  replay: { spanMs: 120, reached: (lane) => lane.opening() },
  restoring: {
    spanMs: 50,
    reached: (lane) =>
      poll(lane.worker, () => existsSync(join(lane.root, '.supervisor', 'incoming', lane.tenantId))),
  },
  login: { spanMs: 150, reached: (lane) => poll(lane.worker, () => lane.logins() > lane.loginsBefore) },
  // A session that works.
  open: { late: true, spanMs: 30, reached: async () => true },
  traffic: { late: true, busy: true, spanMs: 700, reached: async () => true },
  commit: { late: true, busy: true, spanMs: 400, reached: (lane) => lane.committed() },
  morePreKeys: { late: true, busy: true, spanMs: 120, reached: (lane) => lane.askForPreKeys() },
  quiet: { late: true, busy: true, spanMs: 100, reached: (lane) => lane.settled() },
  logout: { late: true, spanMs: 400, reached: (lane) => lane.logOut() },
}

/** How often each moment is taken, by the state that the last kill left. */
export const weights = {
  unpaired: {
    starting: 1,
    qr: 1,
    pairing: 2,
    stored: 2,
    linked: 2,
    preKeys: 4,
    firstLogin: 2,
    traffic: 2,
    commit: 1,
  },
  kept: {
    starting: 1,
    replay: 3,
    login: 2,
    open: 1,
    traffic: 6,
    commit: 4,
    morePreKeys: 2,
    quiet: 1,
    logout: 1,
  },
  emptied: { starting: 2, restoring: 4, login: 2, open: 1, traffic: 5, commit: 3, morePreKeys: 1, quiet: 1 },
}
