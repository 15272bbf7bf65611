import { setTimeout as delay } from 'node:timers/promises'
import type { Contact, Loopback, Phone } from '../loopback/index.js'
import type { Ledger } from './ledger.js'

export interface Tenant {
  readonly tenantId: string
  readonly phone: Phone
  readonly contacts: readonly Contact[]
}

/** Longest pause of a contact after each message. */
const pauseMs = 400
/** So long it waits for the answer, when it waits. */
const replyMs = 600
/** A contact with so many messages that were not answered writes no more until one is: a slow machine is not flooded. */
const patience = 4
const lookMs = 20

export function makeTenants(whatsapp: Loopback, count: number, contactsEach: number): Tenant[] {
  return Array.from({ length: count }, (_, tenant) => ({
    tenantId: `tenant-${tenant + 1}`,
    phone: whatsapp.phone({ number: `62812${String(1_000_000 + tenant)}` }),
    contacts: Array.from({ length: contactsEach }, (__, contact) =>
      whatsapp.contact({ number: `62813${String(1_000_000 + tenant * 1_000 + contact)}` }),
    ),
  }))
}

/** Contacts that write to the bots, and often reply to what the bots answer. */
export class Traffic {
  readonly #ledger: Ledger
  readonly #random: () => number
  readonly #seen = new Map<Contact, number>()
  readonly #talks: Promise<void>[] = []
  #isOn = true
  #failure: unknown = null

  constructor(tenants: readonly Tenant[], ledger: Ledger, random: () => number) {
    this.#ledger = ledger
    this.#random = random
    for (const tenant of tenants) {
      for (const contact of tenant.contacts) {
        this.#seen.set(contact, 0)
        const talk = this.#talk(contact, tenant).catch((error: unknown) => {
          if (this.#isOn) this.#failure ??= error
        })
        this.#talks.push(talk)
      }
    }
  }

  /** Nobody writes any more; answers that are on their way still count. @throws what went wrong in between */
  async stop(): Promise<void> {
    this.#isOn = false
    await Promise.all(this.#talks)
    if (this.#failure !== null) throw this.#failure
  }

  /** Enters the answers that contacts got since the last time. */
  countAnswers(): void {
    for (const [contact, seen] of this.#seen) {
      for (const { id } of contact.received.slice(seen)) this.#ledger.answerArrived(id)
      this.#seen.set(contact, contact.received.length)
    }
  }

  async #talk(contact: Contact, { tenantId, phone }: Tenant): Promise<void> {
    await delay(this.#random() * pauseMs)
    for (let sent = 1; this.#isOn; sent++) {
      const { id } = await contact.send(phone, 'hello')
      this.#ledger.sent({ tenantId, to: contact.jid, id })
      await delay(this.#random() * pauseMs)
      // Half the time it waits for the answer and replies to that, half the time it writes again unasked.
      const until = performance.now() + (this.#random() < 0.5 ? replyMs : 0)
      const unanswered = () => sent - contact.received.length
      const waits = () => unanswered() >= patience || (unanswered() > 0 && performance.now() < until)
      while (this.#isOn && waits()) await delay(lookMs)
    }
  }
}
