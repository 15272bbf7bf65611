import type { BinaryNode } from '@whiskeysockets/baileys'
import { proto } from '@whiskeysockets/baileys'
import { SessionError } from '../errors.js'
import type { Contact } from './contact.js'
import type { Device } from './device.js'
import type { Group } from './group.js'
import { element } from './nodes.js'
import { encNode, sendDraft } from './outbox.js'
import { Phone } from './phone.js'

/** Encrypts a text once under the contact's sender key and sends it to every device of the group's phones. */
export async function sendTextToGroup(contact: Contact, group: Group, text: string): Promise<{ id: string }> {
  if (!group.members.includes(contact)) {
    throw new SessionError('invalid', 'Only members of a group can send to it.')
  }
  const { world, peer } = contact
  const id = world.newId()
  const message = proto.Message.create({ conversation: text })
  const { ciphertext, senderKeyDistributionMessage } = await peer.exclusively(() =>
    peer.encryptToGroup(group.jid, contact.lid, message),
  )
  const skmsg = element('enc', { v: '2', type: 'skmsg' }, ciphertext)
  const devices = group.members.flatMap((member) => (member instanceof Phone ? member.devices : []))
  for (const device of devices) {
    await sendDraft(contact, device, {
      id,
      attrs: {
        from: group.jid,
        participant: contact.lid,
        participant_pn: contact.jid,
        addressing_mode: 'lid',
        type: 'text',
        t: world.nowSeconds(),
      },
      encrypt: async () => [...(await keyFor(contact, group, device, senderKeyDistributionMessage)), skmsg],
      plainForResend: async () => ({
        ...message,
        ...distribution(group, await peer.senderKey(group.jid, contact.lid)),
      }),
      stats: [world.stats, contact.stats],
    })
  }
  return { id }
}

/** The sender key as it was before this message, encrypted for a device that was not given it yet. */
async function keyFor(
  contact: Contact,
  group: Group,
  device: Device,
  key: Uint8Array,
): Promise<BinaryNode[]> {
  const holders = contact.senderKeyHolders.get(group.jid) ?? new Set<Device>()
  contact.senderKeyHolders.set(group.jid, holders)
  if (holders.has(device)) return []
  holders.add(device)
  return [encNode(await contact.peer.encrypt(device.lid, distribution(group, key)))]
}

function distribution(group: Group, key: Uint8Array): proto.IMessage {
  return {
    senderKeyDistributionMessage: { groupId: group.jid, axolotlSenderKeyDistributionMessage: key },
  }
}
