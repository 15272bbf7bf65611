import type { BinaryNode } from '@whiskeysockets/baileys'
import type { Connection } from './connection.js'

export type Answer =
  | { kind: 'acknowledged' }
  /** Decrypted before: the device died between decrypting and its receipt. */
  | { kind: 'duplicate' }
  /** A retry receipt: the device could not decrypt. */
  | { kind: 'undecryptable'; receipt: BinaryNode }
  /** Given up by the device. */
  | { kind: 'refused' }

/** One stanza on its way to a device; it stays queued, over any number of connections, until answered. */
export interface Delivery {
  tag: 'message' | 'receipt' | 'notification'
  id: string
  /** Tells receipts for one message apart, as a group's members send them all with its id. */
  who?: string
  node: BinaryNode
  /** Sent after the end of the offline stanzas, as a phone does which notices that its companion is back. */
  afterOffline?: boolean
  onSent?(): void
  onAnswer?(answer: Answer): void
}

interface Entry {
  delivery: Delivery
  /** The refusal that still follows a retry receipt on this connection. */
  refusalDueOn?: Connection
}

/** How many answered stanzas a resend can still be asked for. */
const REMEMBERED = 256

/** What waits for one device, in order. */
export class DeliveryQueue {
  private readonly entries = new Map<string, Entry>()
  // A device may still ask for what it answered: it died before it kept what it had decrypted.
  private readonly answered = new Map<string, Delivery>()
  private lastMessage: BinaryNode | undefined

  get size(): number {
    return this.entries.size
  }

  get messages(): number {
    return [...this.entries.values()].filter((entry) => entry.delivery.tag === 'message').length
  }

  /** Queues; a message with the id of a queued one takes its place. */
  add(delivery: Delivery, connection?: Connection): void {
    const key = keyOf(delivery.tag, delivery.id, delivery.who)
    const refusalDueOn = this.entries.get(key)?.refusalDueOn
    this.entries.set(key, refusalDueOn ? { delivery, refusalDueOn } : { delivery })
    if (connection) this.transmit(delivery, connection)
  }

  /** Sends everything that waited; `offlineOnly` leaves out what is for later. Returns how many. */
  flush(connection: Connection, phase: 'offline' | 'after'): number {
    const due = [...this.entries.values()].filter(
      ({ delivery }) => (delivery.afterOffline === true) === (phase === 'after'),
    )
    for (const [index, { delivery }] of due.entries()) {
      this.transmit(delivery, connection, phase === 'offline' ? String(index) : undefined)
    }
    return due.length
  }

  /** The client's receipt for message `id`. */
  receipt(id: string, receipt: BinaryNode, connection: Connection): void {
    const key = keyOf('message', id)
    const entry = this.entries.get(key)
    if (receipt.attrs.type === 'retry') {
      if (entry) entry.refusalDueOn = connection
      const delivery = entry?.delivery ?? this.answered.get(key)
      delivery?.onAnswer?.({ kind: 'undecryptable', receipt })
    } else if (entry) this.settle(key, { kind: 'acknowledged' })
  }

  /** The client's ack. Error 487 means "decrypted before", 500 follows every retry receipt. */
  ack({ attrs }: BinaryNode, connection: Connection): void {
    const who = attrs.class === 'receipt' ? receiptWho(attrs.to, attrs.participant) : undefined
    const key = keyOf(attrs.class ?? '', attrs.id ?? '', who)
    const entry = this.entries.get(key)
    if (!entry) return
    if (!attrs.error) this.settle(key, { kind: 'acknowledged' })
    else if (attrs.error === '487') this.settle(key, { kind: 'duplicate' })
    else if (entry.refusalDueOn === connection) delete entry.refusalDueOn
    else this.settle(key, { kind: 'refused' })
  }

  /** Takes a message out with its last answer. */
  giveUp(id: string): void {
    this.settle(keyOf('message', id), { kind: 'refused' })
  }

  giveUpAll(): void {
    for (const key of [...this.entries.keys()]) this.settle(key, { kind: 'refused' })
  }

  /** Sends the last message once more, answered or not. False when there was none. */
  redeliver(connection: Connection): boolean {
    if (this.lastMessage) connection.send(this.lastMessage)
    return this.lastMessage !== undefined
  }

  private settle(key: string, answer: Answer): void {
    const entry = this.entries.get(key)
    this.entries.delete(key)
    if (entry) this.remember(key, entry.delivery)
    entry?.delivery.onAnswer?.(answer)
  }

  private remember(key: string, delivery: Delivery): void {
    this.answered.set(key, delivery)
    const [oldest] = this.answered.keys()
    if (this.answered.size > REMEMBERED && oldest !== undefined) this.answered.delete(oldest)
  }

  private transmit(delivery: Delivery, connection: Connection, offline?: string): void {
    const { node } = delivery
    connection.send(offline === undefined ? node : { ...node, attrs: { ...node.attrs, offline } })
    if (delivery.tag === 'message') this.lastMessage = node
    if (!connection.muted) delivery.onSent?.()
  }
}

function keyOf(tag: string, id: string, who = ''): string {
  return `${tag} ${id} ${who}`
}

export function receiptWho(from: string | undefined, participant: string | undefined): string {
  return `${from ?? ''} ${participant ?? ''}`
}
