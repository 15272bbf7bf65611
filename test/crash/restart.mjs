import { setTimeout as delay } from 'node:timers/promises'

export const upLimitMs = 30_000
const flowLimitMs = 20_000
const interruptedLogoutMs = 10_000

/** After a start: connected, with a message each way. Tells the lane's tally. */
export async function verify(lane) {
  const { session, tally, worker } = lane
  session.scans = true
  const unsettled = session.killsSinceUsable > 0
  const up = await connected(lane)
  if (up === null) {
    const said = worker.said
      .slice(-5)
      .map(({ type, reason, code }) => [type, reason, code].filter(Boolean).join(' '))
    return lane.violation('not usable', `no connection; said last: ${said}; ${worker.stderr.slice(-300)}`)
  }
  if (up.generation < up.atLeast) {
    tally.lostCommits++
    lane.violation('a commit was lost', `head ${up.generation} after ${up.atLeast}`)
  }
  const blocked = await whyNoFlow(lane)
  if (blocked !== null) return lane.violation('not usable', blocked)
  if (unsettled) tally.usable++
  settleCounts(lane, unsettled)
}

/** What it said when it was up, after pairing where that is allowed; null when it is not. */
async function connected(lane) {
  const { session, worker } = lane
  const wasLeaving = session.leaving
  // An embedded database starts for half a minute on a machine that is busy enough.
  const patience = session.pglite ? 3 : 1
  const limitMs = patience * upLimitMs
  const first = await outcome(worker, 0, wasLeaving ? patience * interruptedLogoutMs : limitMs)
  if (first?.type === 'connected') return noteUp(session, first)
  if (!wasLeaving || (first !== null && session.linked)) return null
  let since = worker.said.length
  if (first === null && session.leaving) {
    // An interrupted deletion may have left a head whose objects are gone: it is to be said again.
    worker.command('logout', { force: true })
    if ((await worker.until(({ type }) => type === 'closed', upLimitMs, since)) === null) return null
    since = worker.said.length
  }
  if (session.codesSeen === 0) {
    Object.assign(session, { committedSeq: 0, headSeq: 0 })
    worker.command('start')
  }
  const second = await outcome(worker, since, limitMs)
  return second?.type === 'connected' ? noteUp(session, second) : null
}

function outcome(worker, since, timeoutMs) {
  return worker.until(({ type }) => type === 'connected' || type === 'closed', timeoutMs, since)
}

function noteUp(session, event) {
  // After a logout that did not get far enough, the old session may have gone on.
  if (session.leaving) {
    session.beginAnew()
    session.acknowledged = null
    event.atLeast = 0
  }
  session.unprotected = false
  return event
}

async function whyNoFlow(lane) {
  const { contacts, phone, traffic } = lane.session
  return messagesFlow({
    wa: lane.shared.wa,
    worker: lane.worker,
    random: lane.random,
    contacts,
    phone,
    traffic,
  })
}

/** Null when a message went each way, and none is left on its way; else what did not happen in time. */
export async function messagesFlow({ wa, worker, phone, contacts, traffic, random }) {
  const contact = contacts[Math.floor(random() * contacts.length)]
  const text = `ping ${Math.floor(random() * 1e9)}`
  try {
    await contact.send(phone, text)
    const isPing = (event) => event.type === 'message' && event.text === text
    if ((await worker.until(isPing, flowLimitMs)) === null) return 'a message did not come to the bot'
    worker.command('send', { to: contact.jid, text: `re ${text}` })
    await contact.waitForReceived((message) => message.text === `re ${text}`, { timeoutMs: flowLimitMs })
    // In steady traffic there is always one.
    const calm = () => traffic.isRunning || contacts.every(({ stats }) => stats.pending === 0)
    await wa.waitForStats(calm, { timeoutMs: flowLimitMs })
    return null
  } catch (error) {
    return `messages do not flow: ${error.message}`
  }
}

function settleCounts(lane, afterKill) {
  const { session, tally } = lane
  if (afterKill) {
    const category = tally.category(session)
    category.kills += session.killsSinceUsable
    countInto(session, category)
  } else countUndisturbed(lane)
  session.killsSinceUsable = 0
}

/** What could not be decrypted although nothing was killed since the last restart was found usable. */
export function countUndisturbed({ session, tally }) {
  if (session.killsSinceUsable === 0) countInto(session, tally.undisturbed(session))
}

/** Adds what happened since the last time to a category of the tally. */
export function countInto(session, category) {
  const sum = (name) => session.contacts.reduce((total, { stats }) => total + stats[name], 0)
  const now = {
    messages: sum('sent') + sum('received'),
    undecryptable: sum('undecryptable'),
    resentToBot: sum('retried'),
  }
  for (const name of Object.keys(now)) category[name] += now[name] - session.counted[name]
  session.counted = now
}

/** Traffic has ended, and everything that it changed had the time to be committed. */
export async function settled({ session }) {
  await delay(500)
  await session.traffic.end()
  await delay(1_500)
  return true
}
