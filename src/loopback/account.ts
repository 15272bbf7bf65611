import type { proto } from '@whiskeysockets/baileys'
import { SessionError } from '../errors.js'
import type { Device } from './device.js'
import { lidJid, lidUserOf, pnJid } from './jids.js'
import { Peer } from './peer.js'
import { type LoopbackStats, newStats } from './stats.js'
import type { World } from './world.js'

/** A decrypted and verified message, as a simulated phone shows it. */
export interface ReceivedMessage {
  id: string
  /** Empty for messages without text. */
  text: string
  /** The sender's phone number jid, without device. */
  from: string
  /** The group's jid, for a group message. */
  group?: string
}

export interface Arrival {
  id: string
  message: proto.Message
  sender: Device
  group: string | undefined
}

/** Somebody with a phone number. */
export abstract class Account {
  readonly world: World
  /** International, digits only. */
  readonly number: string
  readonly lidUser: string
  readonly peer = new Peer()
  readonly companions = new Map<number, Device>()
  /** Keys of the messages that arrived; a resend to all devices reaches those that had it. */
  readonly seen = new Set<string>()
  /** How often each message was asked for again. */
  readonly asked = new Map<string, number>()
  /** This account's share of the counters. */
  readonly stats: LoopbackStats = newStats()

  constructor(world: World, number: string) {
    if (!/^[1-9]\d{5,14}$/.test(number)) {
      throw new SessionError(
        'invalid',
        'A phone number is 6 to 15 digits, with country code, without plus sign.',
      )
    }
    this.world = world
    this.number = number
    this.lidUser = lidUserOf(number)
  }

  get jid(): string {
    return pnJid(this.number)
  }

  get lid(): string {
    return lidJid(this.lidUser)
  }

  /** Called once for every message that the phone itself could decrypt and verify. */
  abstract arrived(arrival: Arrival): void
}

export function textOf(message: proto.IMessage): string {
  return message.conversation || message.extendedTextMessage?.text || ''
}
