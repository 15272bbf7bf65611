import { SessionError } from '../../src/errors.js'
import type { Life } from './life.js'
import type { Fault, RequestFault, Service } from './plan.js'
import { requestFaults } from './plan.js'
import type { World } from './world.js'

/** A driver gives up after this. */
const timeLimitMs = 5_000

/** Which requests can meet which faults: a download has no effect that could be repeated, and so on. */
const sensible: Readonly<Record<RequestFault, (request: Request) => boolean>> = {
  lostBefore: () => true,
  lostAfter: () => true,
  late: ({ writes }) => writes,
  duplicated: ({ writes }) => writes,
  error: () => true,
  denied: ({ service }) => service === 'store',
  exists: ({ operation }) => operation === 'put',
  tooLarge: ({ operation }) => operation === 'put',
  torn: ({ operation }) => operation === 'get',
}

interface Request {
  readonly service: Service
  readonly operation: string
  readonly writes: boolean
}

interface Ahead {
  readonly service: Service
  readonly fault: RequestFault
  left: number
}

interface Outage {
  readonly service: Service
  readonly until: number
  readonly fault: RequestFault | 'mixed'
}

/** What lies between the hosts and the two services: time, and what goes wrong on the way. */
export class Network {
  readonly #world: World
  readonly #ahead: Ahead[] = []
  #outages: Outage[] = []
  /** Requests on their way, late ones included. */
  underWay = 0

  constructor(world: World) {
    this.#world = world
  }

  plan(fault: Extract<Fault, { kind: 'request' | 'outage' }>): void {
    if (fault.kind === 'request') this.#ahead.push({ ...fault, left: fault.nth })
    else this.#outages.push({ ...fault, until: this.#world.nowMs + fault.forMs })
  }

  /** Everything works from now on; what is late still arrives. */
  mend(): void {
    this.#ahead.length = 0
    this.#outages = []
  }

  /**
   * @param effect runs at the service; what it gives is the answer
   * @param spoil what arrives of a torn download
   */
  request<T>(
    life: Life,
    request: Request,
    effect: () => Promise<T>,
    spoil: (answer: T) => T = (answer) => answer,
  ): Promise<T> {
    if (life.dead || life.dies(request.operation, 'before')) return new Promise(() => {})
    const fault = this.#faultOf(request)
    if (fault) {
      this.#world.strike(`${request.service}.${fault}`)
      this.#world.trace(`${request.operation}: ${fault}`, life.name)
    } else this.#world.trace(request.operation, life.name)
    return new Promise((resolve, reject) => {
      const answer = (settle: () => void) => {
        life.later(this.#latency(), () => {
          if (!life.dies(request.operation, 'after')) settle()
        })
      }
      const perform = () =>
        effect().then(
          (value) => answer(() => resolve(fault === 'torn' ? spoil(value) : value)),
          (error) => answer(() => reject(error)),
        )
      this.#deliver(fault, { life, effect, perform, reject })
    })
  }

  #deliver<T>(
    fault: RequestFault | null,
    {
      life,
      effect,
      perform,
      reject,
    }: {
      life: Life
      effect: () => Promise<T>
      perform: () => Promise<void>
      reject: (error: SessionError) => void
    },
  ): void {
    const { clock } = this.#world
    const arrive = (delayMs: number, what: () => Promise<unknown>) => {
      this.underWay++
      clock.setTimeout(
        () =>
          void what()
            .catch(() => {})
            .finally(() => this.underWay--),
        delayMs,
      )
    }
    const giveUp = () => life.later(timeLimitMs, () => reject(refusal('unavailable', 'no answer in time')))
    const refuse = (code: Parameters<typeof refusal>[0]) =>
      life.later(this.#latency(), () => reject(refusal(code, 'refused')))
    const lateMs = () => timeLimitMs + this.#world.chance('late').whole(100, 15_000)
    switch (fault) {
      case 'lostBefore':
        giveUp()
        return
      case 'lostAfter':
        arrive(this.#latency(), effect)
        giveUp()
        return
      case 'late':
        arrive(lateMs(), effect)
        giveUp()
        return
      case 'duplicated':
        arrive(lateMs(), effect)
        arrive(this.#latency(), perform)
        return
      case 'error':
        refuse('unavailable')
        return
      case 'denied':
      case 'exists':
      case 'tooLarge':
        refuse(fault)
        return
      default:
        arrive(this.#latency(), perform)
        return
    }
  }

  #faultOf(request: Request): RequestFault | null {
    if (!this.#world.disturbed) return null
    for (const ahead of this.#ahead) {
      if (ahead.service !== request.service || ahead.left <= 0 || !sensible[ahead.fault](request)) continue
      ahead.left--
      if (ahead.left === 0) return ahead.fault
    }
    const outage = this.#outages.find(
      ({ service, until }) => service === request.service && until > this.#world.nowMs,
    )
    if (!outage) return null
    const fault =
      outage.fault === 'mixed' ? this.#world.chance('outage').weighted(requestFaults) : outage.fault
    return sensible[fault](request) ? fault : 'error'
  }

  #latency(): number {
    return this.#world.chance('latency').whole(0, this.#world.plan.latencyMs)
  }
}

function refusal(code: 'unavailable' | 'denied' | 'exists' | 'tooLarge', what: string): SessionError {
  return new SessionError(code, `The simulated service: ${what}.`)
}
