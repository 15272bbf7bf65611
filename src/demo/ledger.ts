import { answerIdOf } from './answer-id.js'
import type { Owed } from './host-messages.js'

/** Of a contact's message, from sent to answered. */
interface Entry {
  readonly owed: Owed
  /** Numbers of the hosts whose bot got it. */
  readonly receivedBy: Set<number>
  confirmed: boolean
}

/** What became of every single message, by id. */
export class Ledger {
  readonly #entries = new Map<string, Entry>()
  readonly #arrivedAnswers = new Set<string>()
  readonly #unknown = new Set<string>()
  #received = 0
  #redelivered = 0
  #onChange: (() => void)[] = []

  /** A contact has sent a message. */
  sent(owed: Owed): void {
    this.#entries.set(owed.id, { owed, receivedBy: new Set(), confirmed: false })
    // A bot can be faster than the call that told us the id.
    for (const host of [1, 2]) if (this.#unknown.delete(`${host} ${owed.id}`)) this.received(owed.id, host)
    this.#changed()
  }

  /** The bot on this host got it. */
  received(id: string, host: number): void {
    const entry = this.#entries.get(id)
    if (!entry) return void this.#unknown.add(`${host} ${id}`)
    if (entry.receivedBy.size === 0) this.#received++
    else this.#redelivered++
    entry.receivedBy.add(host)
    this.#changed()
  }

  /** The bot's `sendMessage` has resolved. */
  confirmed(id: string): void {
    const entry = this.#entries.get(id)
    if (entry) entry.confirmed = true
    this.#changed()
  }

  /** A contact has decrypted an answer. */
  answerArrived(answerId: string): void {
    this.#arrivedAnswers.add(answerId)
    this.#changed()
  }

  /** Messages of contacts. */
  get sentCount(): number {
    return this.#entries.size
  }

  /** Of these, got by a bot. */
  get receivedCount(): number {
    return this.#received
  }

  /** Answers that contacts have decrypted. */
  get answerCount(): number {
    return this.#arrivedAnswers.size
  }

  /** Messages that a bot got twice: it died before WhatsApp knew that it had them. */
  get redelivered(): number {
    return this.#redelivered
  }

  /** On their way, in one direction or the other. */
  get inFlight(): number {
    return [...this.#entries.keys()].filter((id) => !this.#arrivedAnswers.has(answerIdOf(id))).length
  }

  /**
   * Taken by the bot on host `dead`, never confirmed as answered, and not delivered to another host again: what the
   * application, which keeps book as we do here, still has to answer.
   */
  owedBy(dead: number): Owed[] {
    return [...this.#entries.values()]
      .filter(({ receivedBy, confirmed }) => receivedBy.has(dead) && receivedBy.size === 1 && !confirmed)
      .map(({ owed }) => owed)
  }

  /** Messages that no bot ever got, and answers that were confirmed as sent and that their contact never got. */
  get lost(): { messages: number; answers: number } {
    const entries = [...this.#entries.values()]
    return {
      messages: entries.filter(({ receivedBy }) => receivedBy.size === 0).length,
      answers: entries.filter(
        ({ confirmed, owed }) => confirmed && !this.#arrivedAnswers.has(answerIdOf(owed.id)),
      ).length,
    }
  }

  /** Every message was received, and every one answered. */
  get isBalanced(): boolean {
    return this.inFlight === 0 && this.#received === this.#entries.size
  }

  /** Resolves when `reached` holds. */
  until(reached: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!reached()) return void this.#onChange.push(look)
        resolve()
      }
      look()
    })
  }

  #changed(): void {
    for (const look of this.#onChange.splice(0)) look()
  }
}
