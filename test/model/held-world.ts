import type { AnyActorRef } from 'xstate'
import { assembleSupervisor } from '../../src/assemble-supervisor.js'
import {
  type Head,
  type ObjectStore,
  type Registry,
  type Session,
  type SessionFact,
  type Supervisor,
  silentLogger,
  type WASocket,
} from '../../src/index.js'
import { memoryRegistry } from '../../src/registry/memory.js'
import { restoreGeneration } from '../../src/replication/index.js'
import { openSessionRoot, type SessionRoot } from '../../src/session/index.js'
import { readLocalCopy } from '../../src/session/local-copy.js'
import { checkSettings } from '../../src/settings.js'
import { memoryStore } from '../../src/stores/memory.js'
import { MemoryDisk } from '../support/memory-disk.js'
import { settled } from '../support/virtual-clock.js'
import { Gate, HeldLink, heldRegistry, heldStore } from './held-ports.js'
import { maxRetries } from './machine-model.js'
import type { Beginning } from './port-model.js'
import { StepClock } from './step-clock.js'

/** No two delays are equal, so that a timer is known by its delay. */
export const settings = checkSettings({
  quietPeriodMs: 251,
  maxDirtyAgeMs: 1_009,
  auditIntervalMs: 300_007,
  backoffBaseMs: 2_003,
  backoffMaxMs: 60_013,
  leasePollMs: 401,
  pairingTimeoutMs: 180_001,
  connectWatchdogMs: 30_011,
  stablePeriodMs: 10_007,
  replacedRetryMs: 5_021,
  logoutLimitMs: 5_081,
  stopLimitMs: 3_001,
  unlinkLimitMs: 8_087,
  closeDeadlineMs: 8_101,
  releaseLimitMs: 2_017,
  leaseTtlMs: 15_013,
  leaseRenewMs: 5_009,
  barrierLimitMs: 5_003,
  commitLingerMs: 7,
  statusPeriodMs: 503,
  collectIntervalMs: 0,
  maxRetries,
})

const path = '/sessions'
const other = 'another-owner'

/** A commit waits for no other while no upload is under way. */
const commitAtOnce = 0

/** A supervisor that is real down to its ports, and ports that answer when they are told to. */
export class HeldWorld {
  readonly clock = new StepClock()
  readonly link = new HeldLink()
  readonly storeGate = new Gate()
  readonly registryGate = new Gate()
  supervisor!: Supervisor<WASocket>
  session!: Session
  readonly facts: SessionFact[] = []
  #drawn = 0
  #random = () => {
    // Names that are drawn must not come twice.
    this.#drawn = (this.#drawn * 16_807 + 12_345) % 2_147_483_647
    return this.#drawn / 2_147_483_647
  }
  #registry!: Registry
  #store!: ObjectStore
  #root!: SessionRoot
  #disk!: MemoryDisk
  /** The registry's clock is ahead: leases end earlier than their holders think. */
  #skewMs = 0
  #stolenHead: Head | null | undefined

  static async begin(beginning: Beginning, { mayPair = true } = {}): Promise<HeldWorld> {
    const world = new HeldWorld()
    const now = () => world.clock.now()
    world.#disk = new MemoryDisk(now)
    world.#store = memoryStore({ clock: world.clock })
    world.#registry = memoryRegistry({ clock: { ...world.clock, now: () => now() + world.#skewMs } as never })
    await world.#registry.open()
    await world.#prepare(beginning)
    await world.#start(mayPair)
    return world
  }

  get actor(): AnyActorRef {
    return (this.session as unknown as { actor: AnyActorRef }).actor
  }

  answerStore(how: 'ok' | 'fails' = 'ok'): Promise<void> {
    return this.storeGate.answer(how, () => this.rest())
  }

  answerRegistry(how: 'ok' | 'fails' = 'ok'): Promise<void> {
    return this.registryGate.answer(how, () => this.rest())
  }

  get store(): ObjectStore {
    return this.#store
  }

  get registry(): Registry {
    return this.#registry
  }

  /** Lets everything come to rest that needs no answer: batches and statuses go out without being waited for. */
  async rest(): Promise<void> {
    do await settled()
    while (
      [commitAtOnce, settings.commitLingerMs, settings.statusPeriodMs].some((ms) => this.clock.fireOther(ms))
    )
  }

  /** Time goes on by `ms`. */
  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms, () => this.rest())
  }

  /** Another owner takes the lease, which has ended by the registry's clock. */
  async steal(): Promise<void> {
    this.#skewMs += settings.leaseTtlMs + 1
    await this.#registry.acquire({ tenantId: 'tenant', owner: other, ttlMs: settings.leaseTtlMs })
    this.#stolenHead = (await this.#registry.read('tenant'))?.head ?? null
  }

  /** The head has moved although its owner has not moved it. */
  headChangedSinceTheft(head: Head | null): boolean {
    return this.#stolenHead !== undefined && head?.key !== this.#stolenHead?.key
  }

  /** As which the supervisor takes leases. */
  get ownerId(): string {
    return this.#root.ownerId
  }

  /** The other owner, if it has the lease, gives it up. */
  async giveBack(): Promise<void> {
    const lease = (await this.#registry.read('tenant'))?.lease
    if (lease?.owner === other) {
      await this.#registry.release(other, [{ tenantId: 'tenant', epoch: lease.epoch }])
    }
  }

  /** Whoever asks for a random number meanwhile fails. */
  async withoutRandom(run: () => unknown): Promise<void> {
    const random = this.#random
    this.#random = () => {
      throw new Error('There are no random numbers.')
    }
    const running = run()
    if (running instanceof Promise) await running
    this.#random = random
  }

  /** Digest of the file set that a restore of the head would give; null when there is no head. */
  async durableTree(): Promise<string | null> {
    const head = (await this.#registry.read('tenant'))?.head
    if (!head) return null
    return (await restoreGeneration(this.#store, 'tenant', head)).tree.digest()
  }

  /** Digest of the file set on the disk; null when there is none. */
  async localTree(): Promise<string | null> {
    const copy = await readLocalCopy(this.#disk.handle(), `${path}/tenant`)
    return copy?.hashes.digest() ?? null
  }

  /** Another program writes a key file. */
  writeBehind(name: string, content: string): void {
    this.#disk.handle().create(`${path}/tenant/${name}`, Buffer.from(content))
  }

  filesBelow(folder: string): string[] {
    return [...this.#disk.files(`${path}/${folder}`).keys()]
  }

  async epoch(): Promise<number> {
    return (await this.#registry.read('tenant'))?.lease?.epoch ?? 0
  }

  /** True when somebody may look at the folder: nobody has it open. */
  async folderIsClosed(): Promise<boolean> {
    return await this.#root.inspect('tenant').then(
      () => true,
      () => false,
    )
  }

  async #prepare(beginning: Beginning): Promise<void> {
    if (beginning === 'nothing') return
    const disk = this.#disk.handle()
    if (beginning === 'neverSaved') {
      disk.makeDirectory(`${path}/tenant`)
      disk.create(`${path}/tenant/creds.json`, Buffer.from(creds))
      return
    }
    await committedSession(this.clock, this.#store, this.#registry)
    if (beginning === 'registryLost') {
      this.#registry = memoryRegistry({
        clock: { ...this.clock, now: () => this.clock.now() + this.#skewMs } as never,
      })
      await this.#registry.open()
      await this.#leaveEpochs(3)
    }
  }

  /** The row is there, without its head: as after a restore of an old copy of the database. */
  async #leaveEpochs(epochs: number): Promise<void> {
    for (let epoch = 1; epoch <= epochs; epoch++) {
      await this.#registry.acquire({ tenantId: 'tenant', owner: other, ttlMs: 1_000 })
    }
    await this.giveBack()
  }

  async #start(mayPair: boolean): Promise<void> {
    const { clock } = this
    const random = () => this.#random()
    const lock = async () => ({ release: async () => {} })
    this.#root = await openSessionRoot({ path, clock, random, disk: this.#disk.handle(), lock })
    const store = heldStore(this.#store, this.storeGate)
    // Taken once more in the course of a restore, the lease is part of that.
    const isRestoring = () => this.storeGate.isOpen
    const registry = heldRegistry(this.#registry, this.registryGate, isRestoring)
    const parts = { settings, logger: silentLogger, clock, random, store, registry, root: this.#root }
    const supervisor = assembleSupervisor({ ...parts, link: this.link })
    this.supervisor = supervisor
    supervisor.on('fact', (fact) => void this.facts.push(fact))
    this.session = (await supervisor.start('tenant', { mayPair })) as Session
    clock.adopt(this.actor)
    await this.rest()
  }
}

export const creds = JSON.stringify({
  me: { id: '628120000001:1@s.whatsapp.net' },
  account: { details: '' },
  nextPreKeyId: 31,
  registered: true,
})

/** A session that another host has committed and given up. */
async function committedSession(clock: StepClock, store: ObjectStore, registry: Registry): Promise<void> {
  const { encodeGeneration, headSwap, uploadGeneration } = await import('../../src/replication/commit.js')
  const { FileTree } = await import('../../src/replication/file-tree.js')
  const { hashKeyFile } = await import('../../src/replication/hash.js')
  const { lease } = await registry.acquire({ tenantId: 'tenant', owner: other, ttlMs: 1_000 })
  const tree = new FileTree()
  tree.set('creds.json', hashKeyFile(creds)!)
  const generation = await encodeGeneration({
    tenantId: 'tenant',
    epoch: lease.epoch,
    head: null,
    state: null,
    changes: new Map([['creds.json', creds]]),
    tree,
    readFiles: () => new Map(),
    nowMs: clock.now(),
    random: () => 0.25,
  })
  await uploadGeneration(store, generation.objects)
  await registry.commit([headSwap({ tenantId: 'tenant', owner: other, epoch: lease.epoch }, generation.head)])
  await registry.release(other, [{ tenantId: 'tenant', epoch: lease.epoch }])
}
