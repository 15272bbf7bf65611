import type { BinaryNode, proto } from '@whiskeysockets/baileys'
import { extractE2ESessionFromRetryReceipt } from '@whiskeysockets/baileys'
import type { Account } from './account.js'
import type { Answer } from './delivery-queue.js'
import type { Device } from './device.js'
import { descend, element } from './nodes.js'
import type { Encrypted } from './peer.js'
import { count, type LoopbackStats } from './stats.js'

/** As often as whatsmeow resends a message that somebody could not decrypt. */
const MAX_RESENDS = 5

/** A message of a simulated phone to one device, before encryption. */
export interface Draft {
  id: string
  /** Attributes of the stanza apart from `id`. */
  attrs: Record<string, string>
  /** Makes the encrypted children; called while the peer's keys are held. */
  encrypt(): Promise<BinaryNode[]>
  /** What a resend holds, always encrypted for the device alone. */
  plainForResend(): Promise<proto.IMessage>
  afterOffline?: boolean
  /** Counters to keep; none for messages that are not a contact's. */
  stats: LoopbackStats[]
}

export function encNode({ type, ciphertext }: Encrypted, attempt = 0): BinaryNode {
  const attrs = { v: '2', type, ...(attempt > 0 ? { count: String(attempt) } : {}) }
  return element('enc', attrs, ciphertext)
}

/** Opens a session with the device's published bundle unless there is one; needs the peer's keys held. */
export async function ensureSession(from: Account, device: Device): Promise<void> {
  if (!(await from.peer.hasSession(device.lid))) await from.peer.startSession(device.lid, device.keys.take())
}

/** Encrypts and queues `draft`, and resends it when the device asks for that. */
export async function sendDraft(from: Account, device: Device, draft: Draft): Promise<void> {
  count(draft.stats, 'sent')
  count(draft.stats, 'pending')
  let resends = 0
  let sent = false
  let settled = false
  const queue = (children: BinaryNode[]) =>
    device.deliver({
      tag: 'message',
      id: draft.id,
      node: element('message', { ...draft.attrs, id: draft.id }, children),
      afterOffline: draft.afterOffline ?? false,
      onSent: () => {
        if (!sent) count(draft.stats, 'delivered')
        sent = true
      },
      onAnswer: (answer) => {
        if (answer.kind !== 'undecryptable') {
          if (!settled) settle(draft, answer)
          settled = true
          return
        }
        count(draft.stats, 'undecryptable')
        resends += 1
        if (resends > MAX_RESENDS) return device.queue.giveUp(draft.id)
        const attempt = resends
        void resend(from, device, draft, answer.receipt, attempt).then(queue, (error: unknown) => {
          from.world.logger.warn({ error }, 'loopback: a message could not be encrypted again')
          device.queue.giveUp(draft.id)
        })
      },
    })
  // Queued while the keys are held: the order on the wire is the order of encryption.
  await from.peer.exclusively(async () => {
    await ensureSession(from, device)
    queue(await draft.encrypt())
  })
  from.world.waiting.changed()
}

function settle({ stats }: Draft, answer: Answer): void {
  count(stats, 'pending', -1)
  if (answer.kind === 'acknowledged') count(stats, 'acknowledged')
  else if (answer.kind === 'duplicate') count(stats, 'duplicates')
  else count(stats, 'lost')
}

function resend(from: Account, device: Device, draft: Draft, receipt: BinaryNode, attempt: number) {
  count(draft.stats, 'retried')
  return from.peer.exclusively(async () => {
    const bundle = extractE2ESessionFromRetryReceipt(receipt)
    const asked = Number(descend(receipt, 'retry')?.attrs.count ?? 1)
    if (bundle) {
      if (bundle.preKey)
        device.keys.observe(bundle.preKey.keyId, Buffer.from(bundle.preKey.publicKey).subarray(1))
      await from.peer.startSession(device.lid, bundle)
    } else if (asked > 1) await from.peer.startSession(device.lid, device.keys.take())
    else await ensureSession(from, device)
    return [encNode(await from.peer.encrypt(device.lid, await draft.plainForResend()), attempt)]
  })
}
