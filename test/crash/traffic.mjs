import { setTimeout as delay } from 'node:timers/promises'

/** Contacts that write to a phone, and in a group with it, without a pause; its bot answers each message. */
export class Traffic {
  #people
  #running = null
  #stopped = false
  #count = 0

  constructor(people) {
    this.#people = people
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
    const { phone, contacts, group, random } = this.#people
    while (!this.#stopped) {
      const contact = contacts[Math.floor(random() * contacts.length)]
      const text = `busy ${++this.#count}`
      try {
        if (random() < 0.25) await contact.sendToGroup(group, text)
        else await contact.send(phone, text)
      } catch (error) {
        // Nobody is linked at the moment.
        if (error.code !== 'missing') throw error
      }
      await delay(5 + random() * 30)
    }
  }
}
