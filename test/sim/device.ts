import { isSessionError } from '../../src/errors.js'
import type { DeviceLink, KeyFileBatch, LinkRequest, LiveLink, Urgency } from '../../src/ports/index.js'
import { applied, continues, type Files, identityIn, treeOf, type Version } from './history.js'
import type { Host } from './host.js'
import type { Life } from './life.js'
import type { World } from './world.js'

/** In place of Baileys: speaks to the simulated WhatsApp, and writes key files as Baileys would. */
export function simulatedLink(world: World, host: Host, life: Life): DeviceLink<unknown> {
  return { connect: (request) => new Device(world, host, life, request) }
}

/** Longest time that a socket's late key writes come after its end (measured with Baileys: 623 ms). */
const lateWriteMs = 700

/** One connection. What it is told and does falls on nothing once its process is dead. */
export class Device implements LiveLink {
  readonly life: Life
  over = false
  ownsTenant = false
  readonly #world: World
  readonly #host: Host
  readonly #request: LinkRequest<unknown>
  #writing: Promise<unknown> = Promise.resolve()
  #scanned = false

  constructor(world: World, host: Host, life: Life, request: LinkRequest<unknown>) {
    this.#world = world
    this.#host = host
    this.life = life
    this.#request = request
    this.#run().catch((error: unknown) => this.#failed(error))
  }

  get tenantId(): string {
    return this.#request.tenantId
  }

  stop(): void {
    this.#report(428)
    // A socket that does not know yet that it is over.
    const lateMs = this.#world.chance('late writes').whole(0, lateWriteMs)
    const batch = new Map([['session-late.json', JSON.stringify({ at: this.#world.nowMs })]])
    void this.life.sleep(lateMs).then(() => this.#write(batch, 'ordinary').catch(() => {}))
  }

  logout(): void {
    void this.life.sleep(30).then(() => {
      this.#world.whatsApp.unlink(this.tenantId)
      this.#report(401)
    })
  }

  abort(): void {
    this.over = true
  }

  closedByServer(code: number): void {
    this.life.later(20, () => this.#report(code))
  }

  /** Many messages at once. */
  burst(writes: number): void {
    this.life.enter(() => {
      for (let n = 0; n < writes && !this.over; n++) void this.#exchange('message').catch(() => {})
    })
  }

  /** The phone has scanned the code. */
  scanned(): void {
    if (this.over || this.#scanned) return
    this.#scanned = true
    this.#pairSuccess().catch((error: unknown) => this.#failed(error))
  }

  async #run(): Promise<void> {
    await this.life.sleep(this.#world.chance('connects').whole(5, 200))
    if (this.over) return
    const row = await this.#world.row(this.tenantId)
    this.ownsTenant = row?.lease?.owner === this.#host.ownerId && row.lease.expiresAt > 0
    const files = await this.#readAll()
    const { identity, nextPreKeyId } = identityIn(files)
    this.#opened(files, identity)
    if (identity === null) return await this.#showCodes()
    await this.life.sleep(10)
    if (this.over) return
    const refused = this.#world.whatsApp.login(this, identity)
    if (refused !== null) return this.#report(refused, { neverLinked: nextPreKeyId === 1 })
    if (this.#world.whatsApp.account(this.tenantId).preKeysLow) await this.#sendPreKeys()
    if (this.over) return
    this.#request.events.opened(`1555000${this.tenantId.length}${this.tenantId.at(-1)}`)
    await this.#traffic()
  }

  async #readAll(): Promise<Files> {
    const folder = `/sessions/${this.tenantId}`
    const onDisk = [...this.#host.disk.files(folder).keys()].map((path) => path.slice(folder.length + 1))
    const known = this.#host.current.get(this.tenantId)?.files.keys() ?? []
    const names = new Set(
      [...onDisk, ...known].filter((name) => name.endsWith('.json') && !name.startsWith('.')),
    )
    const files = new Map<string, string>()
    for (const name of [...names].sort()) {
      const content = await this.#request.files.read(name)
      if (content !== null) files.set(name, content)
    }
    return files
  }

  /** What the supervisor has opened for us must be what was committed, or what came after it. */
  #opened(files: Files, identity: number | null): void {
    const { tenantId } = this
    const history = this.#world.history(tenantId)
    const version = history.find(treeOf(files))
    const written = this.#host.written.get(tenantId)
    const fellBack = this.#host.hasSaid(tenantId, 'fellBack')
    if (!this.ownsTenant) {
      // Another host has the tenant, and this one does not know it yet.
    } else if (identity === null) {
      if (history.head !== null) this.#violate('opened without an identity although a session is committed')
      if (this.#request.hasSession) this.#violate('told that there is a session where there is none')
    } else if (version === null && this.#host.damaged.has(tenantId) && !fellBack) {
      if (!history.holdsAll(files)) this.#violate('a damaged disk gave contents that never were')
    } else if (version === null && !fellBack) {
      this.#violate('opened a state that does not continue what is committed')
    } else if (version && written && continues(written, history.head) && !continues(version, written)) {
      this.#violate('opened a state without what this disk had acknowledged')
    }
    this.#host.current.set(tenantId, version ?? history.add(this.#origin(), files))
    this.#host.damaged.delete(tenantId)
  }

  /** What files of different moments were made of: the state before the damage or, when that is left behind, the head. */
  #origin(): Version | null {
    const { head } = this.#world.history(this.tenantId)
    const before = this.#host.damaged.get(this.tenantId) ?? null
    return before !== null && continues(before, head) ? before : head
  }

  async #showCodes(): Promise<void> {
    for (let shown = 0; shown < 3; shown++) {
      this.#request.events.code('qr', `simulated code ${shown}`)
      this.#world.whatsApp.offer(this)
      await this.life.sleep(20_000)
      if (this.over || this.#scanned) return
    }
    this.#report(408, { codesEnded: true })
  }

  async #pairSuccess(): Promise<void> {
    const identity = this.#world.whatsApp.newIdentity()
    const me = { id: `1555000000${this.tenantId.at(-1)}:1@s.whatsapp.net` }
    const creds = JSON.stringify({ me, account: { details: '' }, identity, nextPreKeyId: 1 })
    const { version, position } = await this.#write(new Map([['creds.json', creds]]), 'urgent')
    const promised = await this.#durable(version, position)
    if (this.over || this.life.dead) return
    if (!this.#world.whatsApp.link(this, identity, promised)) return this.#report(401)
    await this.life.sleep(40)
    this.#report(515)
  }

  /** As Baileys: creds first, then the keys; WhatsApp is told of them when the keys are durable. */
  async #sendPreKeys(): Promise<void> {
    const creds = JSON.parse((await this.#request.files.read('creds.json'))!)
    const ids = [0, 1, 2].map((offset) => creds.nextPreKeyId + offset)
    const secrets = new Map(ids.map((id) => [id, String(this.#world.chance('keys').next())]))
    const nextPreKeyId = ids.at(-1)! + 1
    await this.#write(new Map([['creds.json', JSON.stringify({ ...creds, nextPreKeyId })]]), 'ordinary')
    const batch = new Map(
      [...secrets].map(([id, secret]) => [`pre-key-${id}.json`, JSON.stringify({ id, secret })]),
    )
    const { version, position } = await this.#write(batch, 'urgent')
    const promised = await this.#durable(version, position)
    if (this.over || this.life.dead) return
    this.#world.whatsApp.told(this.tenantId, secrets, promised)
  }

  async #traffic(): Promise<void> {
    const chance = this.#world.chance(`traffic of ${this.tenantId}`)
    while (!this.over && !this.life.dead) {
      await this.life.sleep(chance.is(0.3) ? chance.whole(1, 60) : chance.whole(100, 2_500))
      if (this.over) return
      try {
        if (this.#world.whatsApp.account(this.tenantId).preKeysLow) await this.#sendPreKeys()
        else if (this.#world.disturbed)
          await this.#exchange(chance.weighted({ message: 7, creds: 1, first: 1 }))
      } catch (error) {
        // Refused, with nothing changed; Baileys would try again with the next message.
        if (!isSessionError(error, 'diskFull', 'closed', 'unavailable')) throw error
      }
    }
  }

  async #exchange(what: 'message' | 'creds' | 'first'): Promise<void> {
    const chance = this.#world.chance(`traffic of ${this.tenantId}`)
    const batch = new Map<string, string | null>()
    const peer = chance.whole(1, 6)
    batch.set(`session-${peer}.json`, JSON.stringify({ ratchet: chance.next() }))
    if (what === 'creds') {
      const creds = JSON.parse((await this.#request.files.read('creds.json'))!)
      batch.set('creds.json', JSON.stringify({ ...creds, lastPropHash: chance.whole(1, 3) }))
    }
    if (what === 'first') {
      const key = this.#world.whatsApp.takePreKey(this.tenantId)
      if (key) await this.#use(key, batch)
    }
    if (chance.is(0.1)) batch.set(`session-${chance.whole(1, 6)}.json`, null)
    await this.#write(batch, 'ordinary')
  }

  /** The first message of a peer: without the pre-key it cannot be decrypted, ever. */
  async #use(
    key: { id: number; secret: string; promised: boolean },
    batch: Map<string, string | null>,
  ): Promise<void> {
    const name = `pre-key-${key.id}.json`
    const content = await this.#request.files.read(name)
    const found = content === null ? null : (JSON.parse(content) as { secret: string }).secret
    if (
      found !== key.secret &&
      key.promised &&
      !this.#world.history(this.tenantId).rotten &&
      this.ownsTenant
    ) {
      this.#violate(
        `pre-key ${key.id}, which WhatsApp was promised, is ${found === null ? 'gone' : 'another'}`,
      )
    }
    batch.set(name, null)
  }

  /** Each write is a state of its own; one that is refused never was. */
  #write(batch: KeyFileBatch, urgency: Urgency): Promise<{ version: Version; position: number }> {
    const result = this.#writing.then(async () => {
      const { tenantId } = this
      const from = this.#host.current.get(tenantId)!
      const version = this.#world.history(tenantId).add(from, applied(from.files, batch))
      const tooLate = this.#isSealed()
      try {
        const position = await this.#request.files.write(batch, urgency)
        this.#world.trace(`wrote ${[...batch.keys()]} (${position})`, `${this.life.name} ${tenantId}`)
        if (tooLate) this.#violate('a key was written after the final backup was decided upon')
        if (!this.life.dead) {
          this.#host.current.set(tenantId, version)
          this.#host.written.set(tenantId, version)
          this.#world.audit.backlog(this.#host, tenantId)
        }
        return { version, position }
      } catch (error) {
        // What a killed process does not answer may have been written.
        if (version !== from && !this.life.dead) this.#world.history(tenantId).refuse(version)
        throw error
      }
    })
    this.#writing = result.catch(() => {})
    return result
  }

  /** Whether the session is past the moment from which key writes are refused. */
  #isSealed(): boolean {
    const session = this.#host.supervisor?.get(this.tenantId)
    if (!session || !this.over) return false
    return (
      session.result !== null || /^closing\.(flushing|settingAside|releasing|abandoning)/.test(session.state)
    )
  }

  /** @returns whether `version` is committed; if not, somebody must have said so */
  async #durable(version: Version, position: number): Promise<boolean> {
    const { tenantId } = this
    const said = this.#host.hasSaid(tenantId, 'change.unprotected')
    await this.#request.barrier(position)
    const { head } = this.#world.history(tenantId)
    const committed = head !== null && continues(head, version)
    const excused = this.#host.hasSaid(tenantId, 'change.unprotected') > said
    if (!committed && !excused && !this.over && !this.life.dead) {
      this.#violate('the barrier opened, and what it stood for is not committed')
    }
    return committed
  }

  #report(code: number, { codesEnded = false, neverLinked = false } = {}): void {
    if (this.over || this.life.dead) return
    this.over = true
    const { whatsApp } = this.#world
    if (whatsApp.account(this.tenantId).current === this) whatsApp.account(this.tenantId).current = null
    this.#world.trace(`socket closed ${code}`, this.life.name)
    this.#request.events.closed(code, codesEnded, neverLinked)
  }

  #failed(error: unknown): void {
    if (this.life.dead || this.over) return
    if (!isSessionError(error)) this.#violate(`the link met an error without a code: ${String(error)}`)
    this.#world.trace(`link: ${String(error)}`, this.life.name)
    this.#report(500)
  }

  #violate(what: string): void {
    this.#world.violate(what, this.tenantId)
  }
}
