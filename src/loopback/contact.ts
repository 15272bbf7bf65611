import { proto } from '@whiskeysockets/baileys'
import { SessionError } from '../errors.js'
import { Account, type Arrival, type ReceivedMessage, textOf } from './account.js'
import type { Device } from './device.js'
import type { Group } from './group.js'
import { encNode, sendDraft } from './outbox.js'
import type { Phone } from './phone.js'
import { sendTextToGroup } from './sender-keys.js'
import { count } from './stats.js'

const DEFAULT_WAIT_MS = 20_000

/** A peer of the bot, with real libsignal sessions. */
export class Contact extends Account {
  /** Messages of bots that this contact decrypted and verified, in order of arrival. */
  readonly received: ReceivedMessage[] = []
  /** Which devices were given this contact's sender key, for each group's jid. */
  readonly senderKeyHolders = new Map<string, Set<Device>>()

  /**
   * Sends a text to every device linked to `to`; devices that are away get it when they log in again.
   * Throws `missing` when no device is linked.
   */
  async send(to: Phone, text: string): Promise<{ id: string }> {
    const { world } = this
    const id = world.newId()
    if (to.devices.length === 0) {
      throw new SessionError(
        'missing',
        'The phone has no linked device that could receive the message; pair one.',
      )
    }
    const message = proto.Message.create({ conversation: text })
    const attrs = { from: this.jid, sender_lid: this.lid, type: 'text', t: world.nowSeconds() }
    for (const device of to.devices) {
      await sendDraft(this, device, {
        id,
        attrs,
        encrypt: async () => [encNode(await this.peer.encrypt(device.lid, message))],
        plainForResend: async () => message,
        stats: [world.stats, this.stats],
      })
    }
    return { id }
  }

  /** As {@link send}, to all devices of the phones in `group`. Throws `invalid` for somebody who is no member. */
  sendToGroup(group: Group, text: string): Promise<{ id: string }> {
    return sendTextToGroup(this, group, text)
  }

  /**
   * Resolves with {@link received} once it has `wanted` messages, or one that `wanted` accepts.
   * Throws `timeout` (default 20 s) or `closed`.
   */
  async waitForReceived(
    wanted: number | ((message: ReceivedMessage) => boolean),
    { timeoutMs = DEFAULT_WAIT_MS }: { timeoutMs?: number } = {},
  ): Promise<ReceivedMessage[]> {
    const done = () =>
      typeof wanted === 'number' ? this.received.length >= wanted : this.received.some(wanted)
    return this.world.waiting.until('a message to a contact', timeoutMs, () =>
      done() ? this.received : undefined,
    )
  }

  /**
   * Forgets its session with a device, as a phone that was reinstalled: the device's next message cannot be
   * decrypted and is asked for again.
   */
  forgetSession(device: Device): Promise<void> {
    return this.peer.exclusively(() => this.peer.forgetSession(device.lid))
  }

  override arrived({ id, message, sender, group }: Arrival): void {
    const text = textOf(message)
    this.received.push({ id, text, from: sender.phone.jid, ...(group ? { group } : {}) })
    count([this.world.stats, this.stats], 'received')
    this.world.waiting.changed()
  }
}
