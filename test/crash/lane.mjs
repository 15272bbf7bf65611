import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { lookAt } from './examine.mjs'
import { moments, weights } from './moments.mjs'
import { WorkerProcess } from './process.mjs'
import { pick } from './random.mjs'
import { countUndisturbed, upLimitMs, verify } from './restart.mjs'
import { CrashSession } from './session.mjs'

const downLimitMs = 20_000
const shareWithPglite = 0.1
const shareEmptied = 0.4
/** Of the emptied disks, those that come back later; and of those that may, how many do at each kill. */
const shareStashed = 0.5
const sharePutBack = 0.7
const shareReplayed = 0.8

/**
 * One tenant after another, each killed some times: start, kill at a random moment, look at disk, registry and store as
 * a third party, keep or empty the disk, start again.
 */
export class Lane {
  worker = null
  session = null
  loginsBefore = 0
  shared
  tally
  random
  #standby = null
  #index
  #episodes = 0

  /** @param shared `{ wa, dist, base, project, tally, say, only, sendAfterBackup, crossing, scenarios }` */
  constructor(index, shared, random) {
    this.#index = index
    this.shared = shared
    this.tally = shared.tally
    this.random = random
  }

  /** Takes kills from `budget` until it is used up, scenarios in between; leaves nothing running. */
  async run(budget) {
    for (;;) {
      const scenario = this.shared.scenarios.next(budget)
      if (scenario) await scenario(this.random)
      else if (budget.left > 0) await this.#oneSession(budget)
      else return
    }
  }

  async close() {
    this.session?.traffic.end()
    for (const worker of [this.worker, this.#standby]) if (worker && !worker.gone) await worker.kill()
  }

  violation(kind, detail) {
    this.tally.violation(kind, this.session.tenantId, detail)
    this.say(`VIOLATION ${kind}: ${detail ?? ''}`)
  }

  say(line) {
    this.shared.say(`${this.session.tenantId}: ${line}`)
  }

  async says(type, since = 0) {
    return (await this.worker.until((event) => event.type === type, upLimitMs, since)) !== null
  }

  async #oneSession(budget) {
    this.session = await this.#newSession()
    // Each start of the embedded registry takes seconds.
    const most = this.session.pglite ? 2 : 6
    for (let kills = 2 + Math.floor(this.random() * most); kills > 0 && budget.left > 0; kills--) {
      budget.left--
      await this.#killOnce()
    }
    await this.#start()
    await verify(this)
    await this.#shutDown()
  }

  #newSession() {
    const { random } = this
    const number = String(++this.#episodes).padStart(4, '0')
    const pglite = random() < shareWithPglite
    const even = random() < 0.5
    const sendAfterBackup = this.shared.sendAfterBackup ?? even
    return CrashSession.make(this.shared, { number, lane: this.#index, pglite, sendAfterBackup, random })
  }

  async #killOnce() {
    const { session, shared, tally } = this
    const name = this.#choose()
    const moment = moments[name]
    session.scans = Boolean(moment.late || moment.scans)
    const prepared = moment.prepare?.(this)
    await this.#start(moment.breakpoint?.(this.random))
    this.say(`started for ${name}`)
    if (moment.late) await verify(this)
    this.say(`verified ${JSON.stringify(session.counted)}`)
    if (moment.busy) session.traffic.begin()
    const reached = await moment.reached(this, prepared)
    tally.reached(name, Boolean(reached))
    if (!reached) this.say(`${name} not reached (${session.state})`)
    const slower = session.pglite && !moment.late ? 3 : 1
    await delay(this.random() * moment.spanMs * slower)
    countUndisturbed(this)
    await this.worker.kill()
    session.gate.letGo()
    await session.traffic.end()
    const disk = this.#fate(moment)
    if (session.killsSinceUsable > 0) tally.killedBeforeUsable++
    tally.killed(name, { disk, pglite: session.pglite })
    session.killsSinceUsable++
    session.replayDue = Boolean(moment.leavesBatch && reached && disk === 'kept')
    await lookAt(this, { disk, moment: name })
    if (tally.noteReused(shared.wa.stats))
      this.say(`pre-key ids were issued again before the kill at ${name}`)
    this.say(`killed at ${name}, disk ${disk}, next ${session.state}`)
  }

  /** Named points that were not reached yet come first. */
  #choose() {
    const { session, shared } = this
    if (session.replayDue && this.random() < shareReplayed) {
      return pick(this.random, {
        redoBefore: this.#wish('redoBefore', 1),
        redoAfter: this.#wish('redoAfter', 1),
      })
    }
    const chosen = Object.entries(weights[session.state]).filter(
      ([name]) => !(moments[name].gated && session.pglite),
    )
    const only = chosen.filter(([name]) => shared.only?.includes(name))
    const wanted = (only.length > 0 ? only : chosen).map(([name, weight]) => [name, this.#wish(name, weight)])
    return pick(this.random, Object.fromEntries(wanted))
  }

  #wish(moment, weight) {
    return this.tally.isMissing(moment) ? 3 * weight : weight
  }

  /** What becomes of the disk: `kept`, `emptied`, `stashed` (emptied, and put back later) or `putBack`. */
  #fate(moment) {
    const { session } = this
    if (moment.keeps) return 'kept'
    // An older copy than the head: it must not win over it.
    const mayReturn = session.stash !== null && session.headSeq > session.stash.seq
    if (mayReturn && !moment.empties && this.random() < sharePutBack) return 'putBack'
    if (!moment.empties && this.random() >= shareEmptied) return 'kept'
    const stashes = session.stash === null && !session.pglite && session.headSeq > 0
    return stashes && this.random() < shareStashed ? 'stashed' : 'emptied'
  }

  async #start(breakpoint) {
    const { session, shared } = this
    const { dist, wa } = shared
    this.worker = this.#standby ?? new WorkerProcess(dist)
    session.begin(this.worker)
    this.loginsBefore = session.logins
    this.worker.onSaid((event) => this.#heard(event))
    await this.says('ready')
    if (session.killsSinceUsable > 0) this.tally.restarts++
    this.worker.go(session.config(wa, breakpoint), session.gate.connection())
    this.#standby = new WorkerProcess(dist)
  }

  #heard(event) {
    const { session, tally } = this
    session.acknowledged?.heard(event)
    // What it must be at least; by the time that somebody looks it may have committed more.
    if (event.type === 'connected') event.atLeast = session.committedSeq
    if (event.type === 'generation.committed')
      session.committedSeq = Math.max(session.committedSeq, event.seq)
    if (event.type === 'qr') this.#codeSeen(event.qr)
    if (event.type === 'change.unprotected') {
      Object.assign(session, { unprotected: true, wasUnprotected: true })
      tally.unprotected++
    }
    if (event.type === 'session.restored') {
      session.restored = true
      if (session.local === 'whole' && !session.leaving) this.violation('a kept disk was replaced')
    }
    if (event.type === 'closed' && event.reason !== 'stopped') session.forget()
    // Logged out: what was there is kept aside, and the next session begins with nothing.
    if (event.type === 'session.quarantined' && event.reason === 'logged-out') session.forget()
    const odd = event.type === 'log' || event.type === 'failed' || event.type.endsWith('.failed')
    const told = odd || (event.type === 'closed' && event.reason !== 'stopped')
    if (told && !event.message?.startsWith('Node 24')) this.say(JSON.stringify(event))
  }

  #codeSeen(qr) {
    const { session, tally } = this
    if (session.codesSeen++ === 0) {
      if (session.mustNotShow === null) tally.qrExpected++
      else {
        tally.qrUnexpected++
        this.violation('a code was asked for', session.mustNotShow)
      }
    }
    // The old session is gone for good.
    if (session.leaving) session.beginAnew()
    if (!session.scans) return
    // A person who links a device anew removes the one that does not answer.
    for (const device of session.phone.devices) session.phone.unlink(device)
    Object.assign(session, { diskLost: false, wasUnprotected: false })
    session.phone.scan(qr, { timeoutMs: upLimitMs }).catch(noMatter)
  }

  async #shutDown() {
    this.worker.command('shutdown')
    const down = await this.worker.until(({ type }) => type === 'down', downLimitMs)
    if (down?.unprotected !== 0) this.violation('no orderly shutdown', JSON.stringify(down))
    await Promise.race([this.worker.ended(), delay(3_000, undefined, { ref: false })])
    if (!this.worker.gone) await this.worker.kill()
    await this.session.store.close()
    await rm(this.session.place, { recursive: true, force: true })
  }

  /** The disk as the next start finds it. */
  async treatDisk(disk) {
    const { session } = this
    const stashed = join(session.place, 'stashed')
    if (disk === 'kept') return
    if (disk === 'stashed') {
      await rename(session.root, stashed)
      session.stash = { seq: session.headSeq }
    } else await rm(session.root, { recursive: true, force: true })
    if (disk === 'putBack') {
      await rename(stashed, session.root)
      session.stash = null
    }
    // An embedded registry mostly goes with its host; on a volume of its own it may outlive the sessions.
    if (session.pglite && this.random() < 0.7)
      await rm(session.registryPath, { recursive: true, force: true })
  }
}

/** A client that was killed while it paired. */
function noMatter() {}
