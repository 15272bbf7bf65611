import { Chance } from './random.js'

/** What goes wrong with one request. */
export const requestFaults = {
  /** Never arrives; the caller's time limit passes. */
  lostBefore: 4,
  /** Takes effect; the answer is lost. */
  lostAfter: 6,
  /** The caller has given up when it takes effect. */
  late: 4,
  /** Takes effect, is answered, and takes effect once more later. */
  duplicated: 3,
  /** 500 at once, without effect. */
  error: 2,
  /** 403. */
  denied: 1,
  /** 409 on a write that had no effect. */
  exists: 1,
  /** 413. */
  tooLarge: 1,
  /** A download that ends early or has a flipped bit. */
  torn: 3,
} as const

export type RequestFault = keyof typeof requestFaults

export type Service = 'store' | 'registry'

/**
 * What a crash leaves of the disk besides what was written. `older`: a copy that was made of it at some time before (a volume's snapshot) is put back.
 */
export type Damage = 'none' | 'wiped' | 'older' | 'journalCut' | 'journalFlipped' | 'credsEmpty' | 'fileCut'

/** One thing that happens to the world, at `atMs` after the start. Plain data, so that a failing run can be shrunk. */
export type Fault = { readonly atMs: number } & (
  | { readonly kind: 'kill'; readonly host: number; readonly damage: Damage; readonly downMs: number }
  /** Dies at the n-th change of its disk from then on; a write is torn. */
  | {
      readonly kind: 'killAtDisk'
      readonly host: number
      readonly nth: number
      readonly torn: number
      readonly damage: Damage
      readonly downMs: number
    }
  /** Dies at its n-th request from then on: before it leaves, or when its answer comes. */
  | {
      readonly kind: 'killAtRequest'
      readonly host: number
      readonly nth: number
      readonly when: 'before' | 'after'
      readonly damage: Damage
      readonly downMs: number
    }
  /** SIGTERM, and a new process on the same or on an empty disk. */
  | { readonly kind: 'deploy'; readonly host: number; readonly wiped: boolean; readonly downMs: number }
  /** Stands still: neither timers nor answers get through. */
  | { readonly kind: 'pause'; readonly host: number; readonly forMs: number }
  | { readonly kind: 'skew'; readonly host: number; readonly byMs: number }
  | {
      readonly kind: 'outage'
      readonly service: Service
      readonly forMs: number
      readonly fault: RequestFault | 'mixed'
    }
  | {
      readonly kind: 'request'
      readonly service: Service
      readonly nth: number
      readonly fault: RequestFault
    }
  | { readonly kind: 'staleLists'; readonly byMs: number; readonly forMs: number }
  /** A stored object is damaged for good; with `lost` it is gone. */
  | { readonly kind: 'rot'; readonly which: number; readonly lost: boolean }
  /** A copy of its disk is made, for `older`. */
  | { readonly kind: 'diskCopied'; readonly host: number }
  | { readonly kind: 'diskFull'; readonly host: number; readonly forMs: number }
  /** The registry forgets everything, and every host goes down with it. */
  | { readonly kind: 'registryLost'; readonly wiped: boolean; readonly downMs: number }
  /** All objects are this much older at once: time passed in which nothing happened. */
  | { readonly kind: 'aged'; readonly byMs: number }
  | { readonly kind: 'closed'; readonly tenant: number; readonly code: number }
  | { readonly kind: 'phoneUnlinks'; readonly tenant: number }
  | { readonly kind: 'userLogsOut'; readonly tenant: number }
  | { readonly kind: 'preKeysLow'; readonly tenant: number }
  | { readonly kind: 'burst'; readonly tenant: number; readonly writes: number }
)

export interface Plan {
  readonly seed: number
  readonly hosts: number
  readonly tenants: number
  /** Longest life of the faulty part, milliseconds. */
  readonly lengthMs: number
  /** Objects above this are split: small in some runs, so that there are parts. */
  readonly maxObjectBytes: number
  readonly latencyMs: number
  readonly faults: readonly Fault[]
}

const damages: Readonly<Record<Damage, number>> = {
  none: 8,
  wiped: 6,
  older: 3,
  journalCut: 2,
  journalFlipped: 1,
  credsEmpty: 2,
  fileCut: 1,
}

const kinds: Readonly<Record<Fault['kind'], number>> = {
  kill: 4,
  killAtDisk: 6,
  killAtRequest: 6,
  deploy: 5,
  pause: 5,
  skew: 1,
  outage: 5,
  request: 24,
  staleLists: 1,
  rot: 0.4,
  diskCopied: 3,
  diskFull: 2,
  registryLost: 0.7,
  aged: 2,
  closed: 5,
  phoneUnlinks: 0.6,
  userLogsOut: 0.4,
  preKeysLow: 6,
  burst: 6,
}

/** What happens in the run of a seed. */
export function planOf(seed: number): Plan {
  const chance = new Chance(seed, 'plan')
  const hosts = chance.pick([1, 2, 2, 2, 3])
  const tenants = chance.pick([1, 1, 2])
  const lengthMs = chance.whole(8_000, 36_000)
  const count = chance.whole(3, 16)
  const size = { hosts, tenants, lengthMs }
  const faults = Array.from({ length: count }, () => faultOf(chance, size)).sort((a, b) => a.atMs - b.atMs)
  const lists = faults.some(({ kind }) => kind === 'registryLost')
  return {
    seed,
    ...size,
    maxObjectBytes: chance.is(0.25) ? chance.whole(700, 1_500) : 4 * 1024 * 1024,
    latencyMs: chance.pick([2, 20, 20, 150]),
    // A registry that was lost is rebuilt from a listing, and is only as good as that: never both at once.
    faults: lists ? faults.filter(({ kind }) => kind !== 'staleLists') : faults,
  }
}

function faultOf(chance: Chance, size: { hosts: number; tenants: number; lengthMs: number }): Fault {
  const kind = chance.weighted(kinds)
  const atMs = chance.whole(0, size.lengthMs)
  const host = chance.whole(0, size.hosts - 1)
  const tenant = chance.whole(0, size.tenants - 1)
  const damage = chance.weighted(damages)
  const downMs = chance.pick([10, 500, 3_000, 16_000])
  const service = chance.pick<Service>(['store', 'store', 'registry'])
  const fault = chance.weighted(requestFaults)
  const forMs = chance.pick([500, 4_000, 8_000, 18_000])
  switch (kind) {
    case 'kill':
      return { atMs, kind, host, damage, downMs }
    case 'killAtDisk':
      return { atMs, kind, host, nth: chance.whole(1, 25), torn: chance.next(), damage, downMs }
    case 'killAtRequest':
      return {
        atMs,
        kind,
        host,
        nth: chance.whole(1, 6),
        when: chance.pick(['before', 'after']),
        damage,
        downMs,
      }
    case 'deploy':
      return { atMs, kind, host, wiped: chance.is(0.5), downMs }
    case 'pause':
      return { atMs, kind, host, forMs: chance.pick([2_000, 10_000, 18_000, 25_000]) }
    case 'skew':
      return { atMs, kind, host, byMs: chance.pick([-3_600_000, -60_000, 60_000, 3_600_000]) }
    case 'outage':
      return { atMs, kind, service, forMs, fault: chance.is(0.4) ? 'mixed' : fault }
    case 'request':
      return { atMs, kind, service, nth: chance.whole(1, 8), fault }
    case 'staleLists':
      return { atMs, kind, byMs: chance.whole(1_000, 20_000), forMs }
    case 'rot':
      return { atMs, kind, which: chance.next(), lost: chance.is(0.3) }
    case 'diskCopied':
      return { atMs, kind, host }
    case 'diskFull':
      return { atMs, kind, host, forMs }
    case 'registryLost':
      return { atMs, kind, wiped: chance.is(0.7), downMs }
    case 'aged':
      return { atMs, kind, byMs: chance.pick([1_200_000, 7_200_000, 90_000_000, 900_000_000]) }
    case 'closed':
      return { atMs, kind, tenant, code: chance.pick([408, 428, 428, 440, 500, 503, 515, 503]) }
    case 'burst':
      return { atMs, kind, tenant, writes: chance.whole(5, 30) }
    case 'phoneUnlinks':
    case 'userLogsOut':
    case 'preKeysLow':
      return { atMs, kind, tenant }
  }
}
