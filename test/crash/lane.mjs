import { existsSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Acknowledged, contentHash, inspectFolder } from './inspect.mjs'
import { moments, weights } from './moments.mjs'
import { WorkerProcess } from './process.mjs'
import { pick } from './random.mjs'
import { Traffic } from './traffic.mjs'

/** Short leases: a host whose disk was emptied is another owner, and waits for the end of the old one's lease. */
const hurried = { leaseTtlMs: 500, leaseRenewMs: 150, leasePollMs: 50, backoffBaseMs: 50, backoffMaxMs: 500 }
const upLimitMs = 30_000
const flowLimitMs = 20_000
const interruptedLogoutMs = 10_000
const shareWithPglite = 0.1
const shareEmptied = 0.4

/**
 * One tenant after another, each killed some times: start, kill at a random moment, look at disk, registry and store as
 * a third party, keep or empty the disk, start again.
 */
export class Lane {
  worker = null
  loginsBefore = 0
  tenantId = ''
  root = ''
  #standby = null
  #shared
  #random
  #tally
  #index
  #episodes = 0
  #session = null
  #traffic = null

  /** @param shared `{ wa, dist, base, project, tally, say }` */
  constructor(index, shared, random) {
    this.#index = index
    this.#shared = shared
    this.#tally = shared.tally
    this.#random = random
  }

  get folder() {
    return join(this.root, this.tenantId)
  }

  /** Takes kills from `budget` until it is used up; leaves nothing running. */
  async run(budget) {
    while (budget.left > 0) {
      await this.#newSession()
      // Each start of the embedded registry takes seconds.
      const most = this.#session.pglite ? 2 : 6
      for (let kills = 2 + Math.floor(this.#random() * most); kills > 0 && budget.left > 0; kills--) {
        budget.left--
        await this.#killOnce()
      }
      await this.#start()
      await this.#verify()
      await this.#shutDown()
    }
  }

  async close() {
    this.#traffic?.end()
    for (const worker of [this.worker, this.#standby]) if (worker && !worker.gone) await worker.kill()
  }

  // What the moments ask for.

  codeShown() {
    return this.#says('qr')
  }

  committed() {
    return this.#says('generation.committed', this.worker.said.length)
  }

  opening() {
    return this.#session.pglite ? true : this.#session.acquired
  }

  logins() {
    return [...this.#session.phone.companions.values()].reduce((sum, { logins }) => sum + logins, 0)
  }

  linked() {
    return this.#session.phone.devices.length > 0
  }

  askForPreKeys() {
    for (const device of this.#session.phone.devices) this.#shared.wa.faults.preKeysLow(device)
    return true
  }

  /** Traffic has ended, and everything that it changed had the time to be committed. */
  async settled() {
    await delay(500)
    await this.#traffic.end()
    await delay(1_500)
    return true
  }

  async logOut() {
    await this.#traffic.end()
    Object.assign(this.#session, { leaving: true, mustNotShow: null, acknowledged: null })
    this.#tally.logouts++
    this.worker.command('logout')
    return true
  }

  async #says(type, since = 0) {
    return (await this.worker.until((event) => event.type === type, upLimitMs, since)) !== null
  }

  async #newSession() {
    const { wa, base, project } = this.#shared
    const number = String(++this.#episodes).padStart(4, '0')
    const place = join(base, `lane-${this.#index}`, number)
    const phone = wa.phone({ number: `62811${this.#index}${number}00` })
    const contacts = [1, 2, 3].map((n) => wa.contact({ number: `62812${this.#index}${number}0${n}` }))
    const group = wa.group({ subject: 'crash', members: [phone, ...contacts] })
    const pglite = this.#random() < shareWithPglite
    const even = this.#random() < 0.5
    const registry = project.memoryRegistry({ clock: project.systemClock })
    await registry.open()
    this.tenantId = `tenant-${this.#index}-${number}`
    this.root = join(place, 'sessions')
    const { crossing } = this.#shared
    this.#traffic = new Traffic({ phone, contacts, group, random: this.#random, crossing })
    this.#session = {
      phone,
      contacts,
      pglite,
      registry: watchedRegistry(registry, () => this.#session.noteAcquired()),
      registryPath: pglite ? join(place, 'registry') : null,
      storePath: join(place, 'store'),
      store: project.directoryStore({ path: join(place, 'store') }),
      sendAfterBackup: this.#shared.sendAfterBackup ?? even,
      acquired: Promise.resolve(true),
      noteAcquired: () => {},
      /** Why no code may be shown; null when it may. */
      mustNotShow: null,
      leaving: false,
      unprotected: false,
      scans: true,
      codesSeen: 0,
      local: 'absent',
      acknowledged: new Acknowledged(),
      committedSeq: 0,
      headSeq: 0,
      killsSinceUsable: 0,
      emptiedSinceUsable: false,
      counted: { messages: 0, undecryptable: 0, resentToBot: 0 },
      state: 'unpaired',
    }
  }

  // One kill.

  async #killOnce() {
    const session = this.#session
    const name = pick(this.#random, this.#weights(session.state))
    const moment = moments[name]
    const startedWith = session.state
    session.scans = Boolean(moment.late || moment.scans)
    await this.#start()
    this.#shared.say(`${this.tenantId}: started for ${name}`)
    if (moment.late) await this.#verify()
    this.#shared.say(`${this.tenantId}: verified ${JSON.stringify(session.counted)}`)
    if (moment.busy) this.#traffic.begin()
    const reached = await moment.reached(this)
    if (!reached) this.#shared.say(`${this.tenantId}: ${name} not reached (${startedWith})`)
    const slower = session.pglite && !moment.late ? 3 : 1
    await delay(this.#random() * moment.spanMs * slower)
    this.#countUndisturbed()
    await this.worker.kill()
    await this.#traffic.end()
    const emptied = moment.empties || this.#random() < shareEmptied
    if (session.killsSinceUsable > 0) this.#tally.killedBeforeUsable++
    this.#tally.killed(name, { emptied, pglite: session.pglite })
    session.killsSinceUsable++
    session.emptiedSinceUsable ||= emptied
    await this.#lookAt(emptied, name)
    this.#shared.say(
      `${this.tenantId}: killed at ${name}, disk ${emptied ? 'emptied' : 'kept'}, next ${session.state}`,
    )
  }

  #weights(state) {
    const { only } = this.#shared
    const chosen = Object.entries(weights[state]).filter(([name]) => only?.includes(name))
    return chosen.length > 0 ? Object.fromEntries(chosen) : weights[state]
  }

  async #start() {
    const session = this.#session
    const { dist, wa } = this.#shared
    this.worker = this.#standby ?? new WorkerProcess(dist)
    session.acquired = new Promise((resolve) => {
      session.noteAcquired = () => resolve(true)
      void this.worker.ended().then(() => resolve(false))
    })
    session.codesSeen = 0
    this.loginsBefore = this.logins()
    this.worker.onSaid((event) => this.#heard(event))
    await this.#says('ready')
    if (session.killsSinceUsable > 0) this.#tally.restarts++
    const { storePath, registryPath, sendAfterBackup } = session
    const settings = { ...hurried, sendAfterBackup }
    const place = { sessionPath: this.root, storePath, registryPath }
    const whatsapp = { url: wa.url, rootPublicKey: wa.rootPublicKey }
    this.worker.go({ ...place, ...whatsapp, settings, tenantId: this.tenantId }, session.registry)
    this.#standby = new WorkerProcess(dist)
  }

  #heard(event) {
    const session = this.#session
    session.acknowledged?.heard(event)
    if (event.type === 'generation.committed')
      session.committedSeq = Math.max(session.committedSeq, event.seq)
    if (event.type === 'qr') this.#codeSeen(event.qr)
    if (event.type === 'change.unprotected') {
      session.unprotected = true
      this.#tally.unprotected++
    }
    if (event.type === 'session.restored' && session.local === 'whole' && !session.leaving) {
      this.#violation('a kept disk was replaced')
    }
    if (event.type === 'closed' && event.reason !== 'stopped') {
      Object.assign(session, { mustNotShow: null, acknowledged: null })
    }
    const odd = event.type === 'log' || event.type === 'failed' || event.type.endsWith('.failed')
    const told = odd || (event.type === 'closed' && event.reason !== 'stopped')
    if (told && !event.message?.startsWith('Node 24'))
      this.#shared.say(`${this.tenantId}: ${JSON.stringify(event)}`)
  }

  #codeSeen(qr) {
    const session = this.#session
    if (session.codesSeen++ === 0) {
      if (session.mustNotShow === null) this.#tally.qrExpected++
      else {
        this.#tally.qrUnexpected++
        this.#violation('a code was asked for', session.mustNotShow)
      }
    }
    // The old session is gone for good.
    if (session.leaving) Object.assign(session, { leaving: false, committedSeq: 0, headSeq: 0 })
    if (!session.scans) return
    // A person who links a device anew removes the one that does not answer.
    for (const device of session.phone.devices) session.phone.unlink(device)
    session.phone.scan(qr, { timeoutMs: upLimitMs }).catch(noMatter)
  }

  // After a restart.

  async #verify() {
    const session = this.#session
    session.scans = true
    const unsettled = session.killsSinceUsable > 0
    const up = await this.#up()
    if (up === null) return this.#violation('not usable', `no connection; ${this.worker.stderr.slice(-300)}`)
    if (up.generation < session.committedSeq) {
      this.#tally.lostCommits++
      this.#violation('a commit was lost', `head ${up.generation} after ${session.committedSeq}`)
    }
    if (!(await this.#messagesFlow())) return this.#violation('not usable', 'messages do not flow')
    if (unsettled) this.#tally.usable++
    this.#settleCounts(unsettled)
  }

  /** Connected, after pairing where that is allowed; null when not. */
  async #up() {
    const session = this.#session
    const wasLeaving = session.leaving
    const first = await this.#outcome(0, wasLeaving ? interruptedLogoutMs : upLimitMs)
    if (first?.type === 'connected') return this.#noteUp(first)
    if (first === null && !wasLeaving) return null
    let since = this.worker.said.length
    if (first === null && session.leaving) {
      // An interrupted deletion may have left a head whose objects are gone: it is to be said again.
      this.worker.command('logout', { force: true })
      if ((await this.worker.until(({ type }) => type === 'closed', upLimitMs, since)) === null) return null
      since = this.worker.said.length
    }
    if (first !== null) {
      const neverLinked = first.reason === 'loggedOut' && session.phone.devices.length === 0
      if (!neverLinked) return null
      if (!wasLeaving) this.#tally.unfinishedPairings++
    }
    if (session.codesSeen === 0) {
      Object.assign(session, { committedSeq: 0, headSeq: 0 })
      this.worker.command('start')
    }
    const second = await this.#outcome(since, upLimitMs)
    return second?.type === 'connected' ? this.#noteUp(second) : null
  }

  #outcome(since, timeoutMs) {
    return this.worker.until(({ type }) => type === 'connected' || type === 'closed', timeoutMs, since)
  }

  #noteUp(event) {
    const session = this.#session
    // After a logout that did not get far enough, the old session may have gone on.
    if (session.leaving) Object.assign(session, { committedSeq: 0, headSeq: 0, acknowledged: null })
    session.leaving = false
    session.unprotected = false
    return event
  }

  async #messagesFlow() {
    const { contacts, phone } = this.#session
    const contact = contacts[Math.floor(this.#random() * contacts.length)]
    const text = `ping ${Math.floor(this.#random() * 1e9)}`
    try {
      await contact.send(phone, text)
      const isPing = (event) => event.type === 'message' && event.text === text
      if ((await this.worker.until(isPing, flowLimitMs)) === null) return false
      this.worker.command('send', { to: contact.jid, text: `re ${text}` })
      await contact.waitForReceived((message) => message.text === `re ${text}`, { timeoutMs: flowLimitMs })
      const calm = () => contacts.every(({ stats }) => stats.pending === 0)
      await this.#shared.wa.waitForStats(calm, { timeoutMs: flowLimitMs })
      return true
    } catch (error) {
      this.#shared.say(`${this.tenantId}: ${error.message}`)
      return false
    }
  }

  #settleCounts(afterKill) {
    const session = this.#session
    if (afterKill) {
      const { emptiedSinceUsable: emptied, sendAfterBackup } = session
      const category = this.#tally.category({ emptied, sendAfterBackup })
      category.kills += session.killsSinceUsable
      this.#countInto(category)
    } else this.#countUndisturbed()
    Object.assign(session, { killsSinceUsable: 0, emptiedSinceUsable: false })
  }

  /** What could not be decrypted although nothing was killed since the last restart was found usable. */
  #countUndisturbed() {
    const { killsSinceUsable, sendAfterBackup } = this.#session
    if (killsSinceUsable === 0) this.#countInto(this.#tally.undisturbed(sendAfterBackup))
  }

  #countInto(category) {
    const session = this.#session
    const sum = (name) => session.contacts.reduce((total, { stats }) => total + stats[name], 0)
    const now = {
      messages: sum('sent') + sum('received'),
      undecryptable: sum('undecryptable'),
      resentToBot: sum('retried'),
    }
    for (const name of Object.keys(now)) category[name] += now[name] - session.counted[name]
    session.counted = now
  }

  async #shutDown() {
    this.worker.command('shutdown')
    const down = await this.worker.until(({ type }) => type === 'down', flowLimitMs)
    if (down?.unprotected !== 0) this.#violation('no orderly shutdown', JSON.stringify(down))
    await Promise.race([this.worker.ended(), delay(3_000, undefined, { ref: false })])
    if (!this.worker.gone) await this.worker.kill()
    await this.#session.store.close()
    await rm(join(this.root, '..'), { recursive: true, force: true })
  }

  // After a kill, before the restart.

  async #lookAt(emptied, moment) {
    const session = this.#session
    const found = inspectFolder(this.folder)
    this.#checkFiles(found, moment)
    const head = session.leaving ? null : await this.#checkHead(moment)
    const linked = session.phone.devices.length > 0
    const reasons = []
    if (!emptied && found.paired) reasons.push('pair-success was stored')
    if (head) reasons.push('pair-success was committed')
    if (linked && !session.unprotected) reasons.push('WhatsApp had linked the device')
    session.mustNotShow = session.leaving || reasons.length === 0 ? null : reasons.join(', ')
    if (emptied) await this.#emptyDisk()
    session.local = !emptied && found.exists ? 'whole' : 'absent'
    session.state = session.mustNotShow === null ? 'unpaired' : emptied || !found.exists ? 'emptied' : 'kept'
    const base = session.local === 'whole' ? found.files : hashesOf(head?.files)
    session.acknowledged = session.leaving || session.pglite ? null : new Acknowledged(base)
  }

  #checkFiles({ exists, files, unparsable }, moment) {
    const session = this.#session
    const owner = join(this.root, '.supervisor', 'owner.json')
    const bad = [...unparsable, ...(isBadJson(owner) ? ['owner'] : [])]
    if (bad.length > 0) {
      this.#tally.unparsable += bad.length
      this.#violation('unparsable', `${bad} after ${moment}`)
    }
    if (session.acknowledged === null || (session.local === 'absent' && !exists)) return
    this.#tally.batchesChecked++
    this.#tally.writesCutShort += session.acknowledged.unanswered
    for (const torn of session.acknowledged.tornIn(files)) {
      this.#tally.tornBatches++
      this.#violation('a write was torn', `${torn} files after ${moment}`)
    }
    const missing = session.acknowledged.missingIn(files)
    if (missing.length === 0) return
    this.#tally.lostBatches++
    this.#violation(
      'an acknowledged write was lost',
      `${missing.length}: ${[...new Set(missing)]} after ${moment}`,
    )
  }

  /** The head, restored from the store as any host would; null when there is none or it is a session that ended. */
  async #checkHead(moment) {
    const session = this.#session
    const { findHead, restoreGeneration } = this.#shared.project
    const known = session.pglite ? null : ((await session.registry.read(this.tenantId))?.head ?? null)
    let restored = null
    try {
      restored = known
        ? await restoreGeneration(session.store, this.tenantId, known)
        : ((await findHead(session.store, this.tenantId))?.restored ?? null)
      if (restored) this.#tally.generationsVerified++
    } catch (error) {
      this.#tally.lostCommits++
      this.#violation('a head cannot be restored', `${error.code} after ${moment}`)
    }
    this.#tally.commitsChecked++
    const seq = (session.pglite ? restored?.head.seq : known?.seq) ?? 0
    if (seq < session.committedSeq || seq < session.headSeq) {
      this.#tally.lostCommits++
      this.#violation('a commit was lost', `head ${seq} after ${session.committedSeq}/${session.headSeq}`)
    }
    session.headSeq = Math.max(seq, session.headSeq)
    return restored && restored.files.size > 0 ? restored : null
  }

  async #emptyDisk() {
    await rm(this.root, { recursive: true, force: true })
    const { registryPath } = this.#session
    // An embedded registry mostly goes with its host; on a volume of its own it may outlive the sessions.
    if (registryPath && this.#random() < 0.7) await rm(registryPath, { recursive: true, force: true })
  }

  #violation(kind, detail) {
    this.#tally.violation(kind, this.tenantId, detail)
    this.#shared.say(`${this.tenantId}: VIOLATION ${kind}: ${detail ?? ''}`)
  }
}

/** A client that was killed while it paired. */
function noMatter() {}

function watchedRegistry(registry, onAcquire) {
  return new Proxy(registry, {
    get(target, name) {
      if (name !== 'acquire') return target[name].bind(target)
      return async (...args) => {
        const given = await target.acquire(...args)
        onAcquire()
        return given
      }
    },
  })
}

function hashesOf(files = new Map()) {
  return new Map([...files].map(([name, content]) => [name, contentHash(content)]))
}

function isBadJson(path) {
  if (!existsSync(path)) return false
  try {
    JSON.parse(readFileSync(path, 'utf8'))
    return false
  } catch {
    return true
  }
}
