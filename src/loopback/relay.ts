import type { BinaryNode } from '@whiskeysockets/baileys'
import { getBinaryNodeChildren } from '@whiskeysockets/baileys'
import { type Answer, receiptWho } from './delivery-queue.js'
import type { Device } from './device.js'
import { receiveMessage } from './inbox.js'
import { childrenOf, descend, element } from './nodes.js'
import type { World } from './world.js'

interface Addressee {
  jid: string
  encs: BinaryNode[]
}

/** A message of a bot: acknowledge it, then bring it to every phone and device it is encrypted for. */
export async function relayMessage(world: World, sender: Device, stanza: BinaryNode): Promise<void> {
  const { id = '', to = '', participant } = stanza.attrs
  const ack = {
    class: 'message',
    id,
    from: to,
    t: world.nowSeconds(),
    ...(participant ? { participant } : {}),
  }
  sender.connection?.send(element('ack', ack))
  for (const { jid, encs } of addressees(world, sender, stanza)) {
    const target = world.find(jid)
    if (!target) continue
    if (target.device === 0) await receiveMessage(target.account, { stanza, sender, encs })
    else forward(sender, target.account.companions.get(target.device), stanza, encs)
  }
}

function addressees(world: World, sender: Device, stanza: BinaryNode): Addressee[] {
  const single = getBinaryNodeChildren(stanza, 'enc')
  const own = childrenOf(descend(stanza, 'participants')).map((to) => ({
    jid: to.attrs.jid ?? '',
    encs: getBinaryNodeChildren(to, 'enc'),
  }))
  const group = world.groups.get(stanza.attrs.to ?? '')
  if (group && !stanza.attrs.participant) {
    const ownOf = new Map(own.map(({ jid, encs }) => [targetKey(world, jid), encs]))
    const everybody = group.members.flatMap(({ lid, companions }) => [
      lid,
      ...[...companions.values()]
        .filter((device) => device.linked && device !== sender)
        .map((device) => device.lid),
    ])
    return everybody.map((jid) => ({ jid, encs: [...(ownOf.get(targetKey(world, jid)) ?? []), ...single] }))
  }
  const direct = stanza.attrs.participant ?? stanza.attrs.to ?? ''
  return single.length > 0 ? [...own, { jid: direct, encs: single }] : own
}

function targetKey(world: World, jid: string): string {
  const target = world.find(jid)
  return target ? `${target.account.number} ${target.device}` : jid
}

/** From bot to bot: the stanza is queued for the other companion, and its receipts come back. */
function forward(sender: Device, to: Device | undefined, stanza: BinaryNode, encs: BinaryNode[]): void {
  if (!to?.linked || to === sender) return
  const { id = '', type = 'text' } = stanza.attrs
  const identity = descend(stanza, 'device-identity')
  const children = [...encs, ...(identity ? [identity] : [])]
  const attrs = { ...senderAttrs(sender, to, stanza), id, type, t: sender.phone.world.nowSeconds() }
  to.deliver({
    tag: 'message',
    id,
    node: element('message', attrs, children),
    onAnswer: (answer) => returnReceipt(sender, to, stanza, answer),
  })
}

function senderAttrs(sender: Device, to: Device, { attrs }: BinaryNode): Record<string, string> {
  if (attrs.to?.endsWith('@g.us')) {
    return { from: attrs.to, participant: sender.lid, participant_pn: sender.jid, addressing_mode: 'lid' }
  }
  const from = { from: sender.jid, sender_lid: sender.lid }
  return sender.phone === to.phone ? { ...from, recipient: attrs.recipient ?? attrs.to ?? '' } : from
}

function returnReceipt(sender: Device, from: Device, stanza: BinaryNode, answer: Answer): void {
  const again = answer.kind === 'undecryptable'
  const sameAccount = sender.phone === from.phone
  if (answer.kind === 'refused' || (sameAccount && !again)) return
  const { id = '', to = '' } = stanza.attrs
  const attrs: Record<string, string> = { id, t: sender.phone.world.nowSeconds(), from: from.jid }
  if (to.endsWith('@g.us')) Object.assign(attrs, { from: to, participant: from.lid })
  else if (sameAccount) attrs.recipient = to
  const node = element('receipt', attrs)
  if (again) {
    node.attrs.type = 'retry'
    node.content = childrenOf(answer.receipt)
  }
  sender.deliver({ tag: 'receipt', id, who: receiptWho(attrs.from, attrs.participant), node })
}
