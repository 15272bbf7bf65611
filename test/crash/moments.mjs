import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { settled } from './restart.mjs'

const patienceMs = 15_000
const burstSize = 12

/** The first start of an embedded database takes seconds, and on a busy machine many. */
const patienceWith = ({ session }) => (session.pglite ? 3 : 1) * patienceMs

/** Resolves with true when `reached`; false when the worker has died or it took too long. */
async function poll(lane, reached) {
  const { worker } = lane
  const end = performance.now() + patienceWith(lane)
  while (!worker.gone && performance.now() < end) {
    if (reached()) return true
    await delay(1)
  }
  return false
}

const sizeOf = (path) => statSync(path, { throwIfNoEntry: false })?.size ?? 0

/** The first pre-keys are on this disk, or on their way to it. */
const hasPreKeys = ({ folder }) =>
  sizeOf(join(folder, '.journal')) > 50_000 || existsSync(join(folder, 'pre-key-1.json'))

async function stopsAt(lane, since = 0) {
  return (await lane.worker.until(({ type }) => type === 'at', patienceWith(lane), since)) !== null
}

/** The worker stops on its way to this breakpoint of breakpoints.mjs, armed from the start. */
const early = (point, most = 0) => ({
  spanMs: 0,
  breakpoint: (random) => ({ point, skip: Math.floor(random() * (most + 1)) }),
  reached: (lane) => stopsAt(lane),
})

/** As {@link early}, armed when the session works. */
const late = (point, most = 0) => ({
  late: true,
  busy: true,
  spanMs: 0,
  reached: (lane) => {
    const since = lane.worker.said.length
    lane.worker.command('break', { point, skip: Math.floor(lane.random() * (most + 1)) })
    return stopsAt(lane, since)
  },
})

/** The swap was asked for, so the object is in the store; `carryOut`: it was carried out, and nobody heard of it. */
const swap = ({ carryOut, when }) => ({
  gated: true,
  spanMs: 3,
  prepare: (lane) =>
    lane.session.gate.holdSwap({
      carryOut: carryOut ?? lane.random() < 0.5,
      when: () => when?.(lane.session) ?? true,
    }),
  reached: (_, asked) => Promise.race([asked, delay(patienceMs, false, { ref: false })]),
})

const lateSwap = (carryOut) => ({
  late: true,
  busy: true,
  gated: true,
  spanMs: 3,
  reached: (lane) =>
    Promise.race([lane.session.gate.holdSwap({ carryOut }), delay(patienceMs, false, { ref: false })]),
})

const loggedIn = (lane) => poll(lane, () => lane.session.logins > lane.loginsBefore)

/**
 * When a worker is killed: `reached` resolves at a recognisable moment, the kill follows within `spanMs` at random.
 * Early ones come before the restarted session was found usable, late ones while it works. `point` names the moments
 * that every long run must have reached.
 */
export const moments = {
  // A session that is not paired.
  starting: { spanMs: 900, reached: async () => true },
  qr: { spanMs: 60, reached: (lane) => lane.says('qr') },
  pairing: { point: 'pairing', spanMs: 300, scans: true, reached: (lane) => lane.says('qr') },
  stored: { point: 'pairing', scans: true, ...early('credsStored') },
  pairingSwap: { point: 'pairing', scans: true, ...swap({}) },
  // From here on WhatsApp counts the device as linked: by now it must have outlived this disk.
  linked: {
    point: 'pairing',
    spanMs: 15,
    scans: true,
    empties: true,
    reached: (lane) => poll(lane, () => lane.session.linked),
  },
  preKeys: {
    point: 'first pre-key upload',
    spanMs: 250,
    scans: true,
    reached: (lane) => poll(lane, () => hasPreKeys(lane.session)),
  },
  preKeyFiles: {
    point: 'first pre-key upload',
    leavesBatch: true,
    scans: true,
    ...early('preKeyFiles', 800),
  },
  preKeysSwap: { point: 'first pre-key upload', scans: true, ...swap({ when: hasPreKeys }) },
  preKeysUploaded: {
    point: 'first pre-key upload',
    spanMs: 150,
    scans: true,
    reached: (lane) =>
      poll(lane, () => lane.session.phone.devices.some(({ preKeysOnServer }) => preKeysOnServer > 0)),
  },
  firstLogin: { spanMs: 300, scans: true, reached: loggedIn },
  // A paired session that comes back.
  opening: {
    spanMs: 120,
    reached: ({ session }) => (session.pglite ? true : session.acquired),
  },
  login: { spanMs: 150, reached: loggedIn },
  redoBefore: { point: 'journal replay', ...early('redoBefore') },
  redoAfter: { point: 'journal replay', ...early('redoAfter') },
  restoring: {
    spanMs: 50,
    reached: (lane) => poll(lane, () => existsSync(lane.session.incoming)),
  },
  restoreReady: { point: 'restore rename', ...early('restoreReady') },
  restoreAside: { point: 'restore rename', ...early('restoreAside') },
  restorePlaced: { point: 'restore rename', ...early('restorePlaced') },
  // A session that works.
  open: { late: true, spanMs: 30, reached: async () => true },
  traffic: { late: true, busy: true, spanMs: 700, reached: async () => true },
  burst: { point: 'message burst', late: true, spanMs: 150, reached: (lane) => burst(lane) },
  commit: {
    point: 'commit',
    late: true,
    busy: true,
    spanMs: 400,
    reached: (lane) => lane.says('generation.committed', lane.worker.said.length),
  },
  swapLost: { point: 'commit', ...lateSwap(false) },
  swapUnheard: { point: 'commit', ...lateSwap(true) },
  midBatch: { leavesBatch: true, keeps: true, ...late('midBatch', 5) },
  tornJournal: late('tornJournal'),
  morePreKeys: { late: true, busy: true, spanMs: 120, reached: askForPreKeys },
  quiet: { late: true, busy: true, spanMs: 100, reached: settled },
  logout: { late: true, spanMs: 400, reached: logOut },
}

/** How often each moment is taken, by the state that the last kill left. */
export const weights = {
  unpaired: {
    starting: 1,
    qr: 1,
    pairing: 2,
    stored: 2,
    pairingSwap: 2,
    linked: 2,
    preKeys: 2,
    preKeyFiles: 2,
    preKeysSwap: 2,
    preKeysUploaded: 2,
    firstLogin: 2,
    traffic: 2,
    commit: 1,
  },
  kept: {
    starting: 1,
    opening: 2,
    login: 2,
    open: 1,
    traffic: 4,
    burst: 2,
    commit: 2,
    swapLost: 2,
    swapUnheard: 2,
    midBatch: 4,
    tornJournal: 1,
    morePreKeys: 2,
    quiet: 1,
    logout: 1,
  },
  emptied: {
    starting: 2,
    restoring: 2,
    restoreReady: 2,
    restorePlaced: 2,
    login: 2,
    open: 1,
    traffic: 4,
    burst: 1,
    commit: 1,
    swapLost: 1,
    swapUnheard: 1,
    midBatch: 2,
    morePreKeys: 1,
    quiet: 1,
  },
  // An older disk than the head was put back.
  stale: {
    starting: 1,
    restoring: 1,
    restoreReady: 2,
    restoreAside: 5,
    restorePlaced: 2,
    login: 1,
    traffic: 1,
  },
}

/** Of each named point: the moments that belong to it. */
export const namedPoints = groupedMoments()

function groupedMoments() {
  const points = {}
  for (const [name, { point }] of Object.entries(moments)) {
    if (point) points[point] = [...(points[point] ?? []), name]
  }
  return points
}

/** Everybody writes at once, and nobody waits for an answer. */
async function burst({ session }) {
  const { contacts, phone } = session
  const all = Array.from({ length: burstSize }, (_, n) =>
    contacts[n % contacts.length].send(phone, `note ${n}`),
  )
  await Promise.all(all)
  return true
}

async function askForPreKeys({ session, shared }) {
  for (const device of session.phone.devices) shared.wa.faults.preKeysLow(device)
  return true
}

async function logOut({ session, tally, worker }) {
  await session.traffic.end()
  session.leaving = true
  session.forget()
  tally.logouts++
  worker.command('logout')
  return true
}
