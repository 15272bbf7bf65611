import { randomInt } from 'node:crypto'
import type { BinaryNode } from '@whiskeysockets/baileys'
import type { Account } from './account.js'
import { element } from './nodes.js'

export interface GroupOptions {
  subject: string
  /** Phones and contacts; the first is the creator. */
  members: Account[]
}

/** A group addressed by LIDs, as WhatsApp's groups are today. */
export class Group {
  readonly jid = `120363${randomInt(10 ** 11, 10 ** 12)}@g.us`
  readonly subject: string
  readonly members: Account[]
  private readonly createdAt: string

  constructor({ subject, members }: GroupOptions, createdAtSeconds: string) {
    this.subject = subject
    this.members = members
    this.createdAt = createdAtSeconds
  }

  /** The `group` of an answer to a metadata query. */
  toNode(): BinaryNode {
    const creator = this.members[0]?.lid ?? ''
    const participants = this.members.map(({ jid, lid }, index) =>
      element('participant', { jid: lid, phone_number: jid, ...(index === 0 ? { type: 'superadmin' } : {}) }),
    )
    const attrs = {
      id: this.jid.slice(0, this.jid.indexOf('@')),
      subject: this.subject,
      creator,
      creation: this.createdAt,
      s_o: creator,
      s_t: this.createdAt,
      size: String(participants.length),
      addressing_mode: 'lid',
    }
    return element('group', attrs, participants)
  }
}
