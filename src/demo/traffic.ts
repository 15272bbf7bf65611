import { setTimeout as delay } from 'node:timers/promises'
import type { Contact, Loopback, Phone } from '../loopback/index.js'
import { answerIdOf } from './answer-id.js'
import type { Ledger } from './ledger.js'

export interface Tenant {
  readonly tenantId: string
  readonly phone: Phone
  readonly contacts: readonly Contact[]
}

/** Longest pause of a contact between two messages, when it does not just reply to an answer. */
const pauseMs = 400

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
    while (this.#isOn) {
      const { id } = await contact.send(phone, 'hello')
      this.#ledger.sent({ tenantId, to: contact.jid, id })
      if (this.#random() < 0.5) await this.#untilAnswered(contact, id)
      else await delay(this.#random() * pauseMs)
      this.countAnswers()
    }
  }

  /** Then it replies at once. Not for ever: the bot may be dead. */
  async #untilAnswered(contact: Contact, id: string): Promise<void> {
    const answerId = answerIdOf(id)
    const answered = contact.waitForReceived((message) => message.id === answerId, { timeoutMs: 3_000 })
    await answered.catch(() => {})
  }
}
