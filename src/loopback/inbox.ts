import type { BinaryNode } from '@whiskeysockets/baileys'
import { proto } from '@whiskeysockets/baileys'
import { SessionError } from '../errors.js'
import type { Account } from './account.js'
import { isCertified } from './adv.js'
import { Contact } from './contact.js'
import { receiptWho } from './delivery-queue.js'
import type { Device } from './device.js'
import { retryKeyNodes } from './key-bundle.js'
import { bytesOf, contentBytes, element } from './nodes.js'
import { count } from './stats.js'

/** As often as a simulated phone asks for a message again. */
const MAX_RETRY_RECEIPTS = 5

export interface Incoming {
  stanza: BinaryNode
  sender: Device
  /** The encrypted children meant for this phone, in order. */
  encs: BinaryNode[]
}

/** A message of a bot reaches the phone of `account`: decrypt, verify, confirm or ask for it again. */
export async function receiveMessage(account: Account, incoming: Incoming): Promise<void> {
  const { stanza, sender } = incoming
  const id = stanza.attrs.id ?? ''
  const key = `${sender.jid} ${id}`
  let message: proto.Message
  try {
    message = await account.peer.exclusively(() => decryptAll(account, incoming))
  } catch (error) {
    if (account.seen.has(key)) return
    account.world.logger.debug({ error }, 'loopback: a phone could not decrypt a message of a bot')
    if (account instanceof Contact) count([account.world.stats, account.stats], 'undecryptable')
    return askAgain(account, incoming, key)
  }
  if (!account.seen.has(key)) {
    account.seen.add(key)
    if (account.asked.delete(key)) countMissing(account, -1)
    const group = stanza.attrs.to?.endsWith('@g.us') ? stanza.attrs.to : undefined
    account.arrived({ id, message, sender, group })
  }
  if (account !== sender.phone) deliverReceipt(account, incoming, {}, [])
}

async function decryptAll(account: Account, { stanza, sender, encs }: Incoming): Promise<proto.Message> {
  const merged = proto.Message.create({})
  for (const enc of encs) {
    const ciphertext = contentBytes(enc)
    const { type } = enc.attrs
    if (!ciphertext) throw new SessionError('corrupt', 'An encrypted part of a message is empty.')
    const part = await decryptOne(account, stanza, sender, type, ciphertext)
    if (part.senderKeyDistributionMessage?.groupId) {
      await account.peer.learnSenderKey(sender.lid, part.senderKeyDistributionMessage)
    }
    Object.assign(merged, part)
  }
  return merged
}

async function decryptOne(
  account: Account,
  stanza: BinaryNode,
  sender: Device,
  type: string | undefined,
  ciphertext: Buffer,
): Promise<proto.Message> {
  const { peer } = account
  if (type === 'skmsg') return peer.decryptFromGroup(stanza.attrs.to ?? '', sender.lid, ciphertext)
  if (type !== 'pkmsg' && type !== 'msg') throw new SessionError('corrupt', 'An unknown kind of encryption.')
  const message = await peer.decrypt(sender.lid, type, ciphertext)
  if (type === 'pkmsg') await verifySender(account, stanza, sender)
  return message
}

/** Whoever opens a session must be the device its phone certified; libsignal checks the rest. */
async function verifySender(account: Account, stanza: BinaryNode, sender: Device): Promise<void> {
  const certificate = bytesOf(stanza, 'device-identity')
  const phoneKey = sender.phone.peer.creds.signedIdentityKey.public
  const identity = await account.peer.identityOf(sender.lid)
  const genuine =
    certificate &&
    identity &&
    sender.keys.identityKey.equals(identity) &&
    isCertified(certificate, phoneKey, sender.keys.identityKey)
  if (!genuine) throw new SessionError('corrupt', 'A device opened a session without proof of its identity.')
}

function countMissing(account: Account, change: 1 | -1): void {
  if (account instanceof Contact) count([account.world.stats, account.stats], 'missing', change)
}

async function askAgain(account: Account, incoming: Incoming, key: string): Promise<void> {
  const id = incoming.stanza.attrs.id ?? ''
  const attempt = (account.asked.get(key) ?? 0) + 1
  if (attempt === 1) countMissing(account, 1)
  if (attempt > MAX_RETRY_RECEIPTS) return
  account.asked.set(key, attempt)
  const t = account.world.nowSeconds()
  const retry = element('retry', { count: String(attempt), id, t, v: '1' })
  const keys = retryKeyNodes(await account.peer.exclusively(() => account.peer.bundle()))
  // As WhatsApp's clients: the first retry names the registration only, later ones bring keys.
  deliverReceipt(account, incoming, { type: 'retry' }, [retry, ...(attempt > 1 ? keys : keys.slice(0, 1))])
}

function deliverReceipt(
  account: Account,
  { stanza, sender }: Incoming,
  extra: Record<string, string>,
  children: BinaryNode[],
): void {
  const { id = '', to = '' } = stanza.attrs
  const attrs: Record<string, string> = { id, t: account.world.nowSeconds(), ...extra }
  if (to.endsWith('@g.us')) Object.assign(attrs, { from: to, participant: account.lid })
  else if (account === sender.phone) Object.assign(attrs, { from: account.jid, recipient: to })
  else attrs.from = to.endsWith('@lid') ? account.lid : account.jid
  const node = element('receipt', attrs, children.length > 0 ? children : undefined)
  sender.deliver({ tag: 'receipt', id, who: receiptWho(attrs.from, attrs.participant), node })
}
