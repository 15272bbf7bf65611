import { join } from 'node:path'
import { Acknowledged } from './inspect.mjs'
import { RegistryGate } from './registry-gate.mjs'
import { Traffic } from './traffic.mjs'

/** Short leases: a host whose disk was emptied is another owner, and waits for the end of the old one's lease. */
export const hurried = {
  leaseTtlMs: 500,
  leaseRenewMs: 150,
  leasePollMs: 50,
  backoffBaseMs: 50,
  backoffMaxMs: 500,
}

/** A phone, three people who write to it, and a group of them all. @param digits 8, that nobody else has */
export function people(wa, digits) {
  const phone = wa.phone({ number: `628110${digits}` })
  const contacts = [1, 2, 3].map((n) => wa.contact({ number: `62812${n}${digits}` }))
  const group = wa.group({ subject: 'crash', members: [phone, ...contacts] })
  return { phone, contacts, group }
}

/** One tenant through all its kills: its world, and what is expected of its next start. */
export class CrashSession {
  tenantId
  place
  root
  phone
  contacts
  traffic
  registryPath
  gate
  storePath
  store
  sendAfterBackup
  /** Resolves when the worker has its lease; false when it has died before. */
  acquired = Promise.resolve(true)
  noteAcquired = () => {}
  /** Why no code may be shown; null when it may. */
  mustNotShow = null
  leaving = false
  unprotected = false
  scans = true
  codesSeen = 0
  /** What the disk has of the session: `whole`, `stale` (an older one that was put back) or `absent`. */
  local = 'absent'
  /** Said by the worker that runs. */
  restored = false
  acknowledged = new Acknowledged()
  committedSeq = 0
  headSeq = 0
  killsSinceUsable = 0
  /** A disk was lost since pairing: without `sendAfterBackup`, steps of any conversation may have gone with it. */
  diskLost = false
  /** Since pairing, a change was waited for no longer: on a machine that was too busy. */
  wasUnprotected = false
  counted = { messages: 0, undecryptable: 0, resentToBot: 0 }
  state = 'unpaired'
  /** A disk that was taken away with the head of that time. */
  stash = null
  /** The last kill left a batch in the journal that is not in its files. */
  replayDue = false

  /** @param options `{ number, lane, pglite, sendAfterBackup, random }`, `number` of the session in its lane */
  static async make(shared, { number, lane, pglite, sendAfterBackup, random }) {
    const { wa, base, project, crossing } = shared
    const session = new CrashSession()
    session.tenantId = `tenant-${lane}-${number}`
    session.place = join(base, `lane-${lane}`, number)
    session.root = join(session.place, 'sessions')
    const { phone, contacts, group } = people(wa, `${lane}${number}000`)
    Object.assign(session, { phone, contacts, sendAfterBackup })
    session.traffic = new Traffic({ phone, contacts, group, random, crossing })
    const registry = project.memoryRegistry({ clock: project.systemClock })
    await registry.open()
    session.gate = new RegistryGate(registry, project.SessionError)
    session.gate.onAcquired = () => session.noteAcquired()
    session.registryPath = pglite ? join(session.place, 'registry') : null
    session.storePath = join(session.place, 'store')
    session.store = project.directoryStore({ path: session.storePath })
    return session
  }

  get pglite() {
    return this.registryPath !== null
  }

  get folder() {
    return join(this.root, this.tenantId)
  }

  /** Where a restore builds. */
  get incoming() {
    return join(this.root, '.supervisor', 'incoming', this.tenantId)
  }

  /** Steps may be lost with a disk. */
  get exposed() {
    return this.wasUnprotected || !this.sendAfterBackup
  }

  get linked() {
    return this.phone.devices.length > 0
  }

  get logins() {
    return [...this.phone.companions.values()].reduce((sum, { logins }) => sum + logins, 0)
  }

  /** What a worker is told to begin with. */
  config({ url, rootPublicKey }, breakpoint) {
    const { root: sessionPath, storePath, registryPath, sendAfterBackup, tenantId } = this
    const settings = { ...hurried, sendAfterBackup }
    const store = { kind: 'directory', path: storePath }
    return { sessionPath, store, registryPath, settings, tenantId, url, rootPublicKey, breakpoint }
  }

  /** A worker is about to start. */
  begin(worker) {
    this.acquired = new Promise((resolve) => {
      this.noteAcquired = () => resolve(true)
      void worker.ended().then(() => resolve(false))
    })
    this.codesSeen = 0
    this.restored = false
  }

  /** The session has ended for good: nothing of it is expected any more. */
  forget() {
    Object.assign(this, { mustNotShow: null, acknowledged: null })
  }

  /** A new session begins under the tenant's name. */
  beginAnew() {
    Object.assign(this, { leaving: false, committedSeq: 0, headSeq: 0 })
  }
}
