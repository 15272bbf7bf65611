import { Composed, type Effects, type Pair, pathOf } from './composed.js'
import type { Places, StepModel } from './graph.js'
import { machineSteps, stepsFrom } from './machine-steps.js'

/** Counted reconnects after which the link of the model gives up. */
export const maxRetries = 1

const towardsCode = /^(acquireLease done|restore done|the socket is made|connecting: WhatsApp offers|stop$)/

/** Both machines with nothing around them: every actor may answer anything at any time. */
export class MachineModel implements StepModel<Pair> {
  readonly #composed: Composed

  readonly #mayPair: boolean

  /** @param options.mayPair false: only what shows that a code is refused is explored */
  constructor({ mayPair = true } = {}) {
    this.#mayPair = mayPair
    this.#composed = new Composed({ tenantId: 'tenant', mayPair }, { maxRetries })
  }

  start(): Pair {
    return this.#composed.start().pair
  }

  stepsFrom(pair: Pair): string[] {
    const possible = stepsFrom(pair)
    return this.#mayPair ? possible : possible.filter((name) => towardsCode.test(name))
  }

  apply(pair: Pair, name: string): { state: Pair; effects: Effects } {
    const step = machineSteps.get(name)
    if (step === undefined) throw new Error(`There is no step "${name}".`)
    const event = step.event(pair)
    const { pair: next, effects } =
      step.to === 'tenant'
        ? this.#composed.toTenant(pair, event)
        : step.to === 'link'
          ? this.#composed.toLink(pair, event)
          : this.#composed.breakLink(pair)
    return { state: next, effects }
  }

  placesOf(pair: Pair): Places {
    return placesOf(pair)
  }

  keyOf(pair: Pair): string {
    return JSON.stringify([this.placesOf(pair), clippedTenant(pair), clippedLink(pair), pair.timers])
  }
}

export function placesOf({ tenant, link }: Pair): Places {
  return { tenant: pathOf(tenant.value), link: link ? pathOf(link.value) : '-' }
}

/** Counters clipped to what the guards ask, so that there is an end. */
export function clippedTenant({ tenant: { context, value } }: Pair): unknown[] {
  const {
    askedSeq,
    changeSeq,
    savedSeq,
    urgentSeq,
    auditDue,
    hasSession,
    hasOpened,
    link,
    codeKind,
    reason,
  } = context
  return [
    changeSeq > savedSeq,
    urgentSeq > savedSeq,
    pathOf(value).endsWith('uploading') && since(changeSeq, askedSeq, urgentSeq),
    auditDue,
    hasSession,
    hasOpened,
    link === 'ended',
    codeKind !== null,
    reason === 'loggedOut',
    reason === 'deleted',
  ]
}

/** What has come since a backup was asked for decides whether one without the last change fell short, and what is next. */
function since(changeSeq: number, askedSeq: number, urgentSeq: number): string {
  if (changeSeq === askedSeq) return 'nothing'
  return urgentSeq === changeSeq ? 'an urgent change' : 'a change'
}

export function clippedLink({ link }: Pair): unknown[] | null {
  if (link === null) return null
  const { attempt, replacedCount, logoutAsked } = link.context
  return [Math.min(attempt, maxRetries), Math.min(replacedCount, 1), logoutAsked]
}
