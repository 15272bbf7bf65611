import { setTimeout as delay } from 'node:timers/promises'

const answerLimitMs = 500

/**
 * Contacts that write to a phone, and in a group with it, without a pause. Its bot answers every message that says
 * `busy`; the others are for receiving only. By default they take turns, and the next writes when the bot has answered:
 * messages that cross are lost by Baileys 7.0.0-rc14 itself, with no kill at all (it serialises encrypting for a number
 * and decrypting from its LID apart, although they are one session), which would hide what a kill costs.
 */
export class Traffic {
  #people
  #running = null
  #stopped = false
  #count = 0

  /** @param people `{ phone, contacts, group, random, crossing }` */
  constructor(people) {
    this.#people = people
  }

  get isRunning() {
    return this.#running !== null
  }

  begin() {
    if (this.#running) return
    this.#stopped = false
    this.#running = this.#run()
  }

  /** Resolves when the last message is on its way. */
  async end() {
    this.#stopped = true
    await this.#running
    this.#running = null
  }

  async #run() {
    const { random, crossing } = this.#people
    while (!this.#stopped) {
      try {
        await this.#turn()
      } catch (error) {
        // Nobody is linked at the moment.
        if (error.code !== 'missing') throw error
      }
      await delay(crossing ? 5 + random() * 30 : random() * 5)
    }
  }

  async #turn() {
    const { contacts, random, crossing } = this.#people
    const contact = contacts[Math.floor(random() * contacts.length)]
    const inGroup = random() < 0.25
    for (let notes = Math.floor(random() * 3); notes > 0; notes--) {
      await this.#write(contact, `note ${++this.#count}`, inGroup)
    }
    const text = `busy ${++this.#count}`
    await this.#write(contact, text, inGroup)
    if (!crossing) await this.#answered(contact, `echo ${text}`)
  }

  async #write(contact, text, inGroup) {
    const { phone, group } = this.#people
    if (inGroup) await contact.sendToGroup(group, text)
    else await contact.send(phone, text)
  }

  /** Or stopped meanwhile. */
  async #answered(contact, answer) {
    const end = performance.now() + answerLimitMs
    const isThere = () => contact.received.some(({ text }) => text === answer)
    while (!this.#stopped && !isThere() && performance.now() < end) await delay(2)
  }
}
