import type { BinaryNode } from '@whiskeysockets/baileys'
import { getBinaryNodeChild, getBinaryNodeChildren, getBinaryNodeChildString } from '@whiskeysockets/baileys'
import type { Account } from './account.js'
import { pnJid } from './jids.js'
import { childrenOf, descend, element } from './nodes.js'
import type { World } from './world.js'

/** Answers which devices and which LID a user has, and whether a number is on WhatsApp. */
export function answerUsync(world: World, iq: BinaryNode): BinaryNode {
  const usync = getBinaryNodeChild(iq, 'usync')
  const asked = childrenOf(getBinaryNodeChild(usync, 'query')).map((protocol) => protocol.tag)
  const users = getBinaryNodeChildren(descend(usync, 'list'), 'user').map((user) => {
    const jid = user.attrs.jid ?? jidOfPhone(user)
    const account = world.find(jid)?.account
    const answers = asked.map((tag) => answerOne(tag, jid, account)).filter((node) => node !== undefined)
    return element('user', { jid }, answers)
  })
  return element('usync', {}, [element('list', {}, users)])
}

function jidOfPhone(user: BinaryNode): string {
  return pnJid((getBinaryNodeChildString(user, 'contact') ?? '').replace('+', ''))
}

function answerOne(tag: string, jid: string, account: Account | undefined): BinaryNode | undefined {
  if (tag === 'contact') return element('contact', { type: account ? 'in' : 'out' })
  if (!account) return undefined
  if (tag === 'lid') return jid.endsWith('@lid') ? undefined : element('lid', { val: account.lid })
  if (tag === 'devices') return element('devices', {}, [element('device-list', {}, devicesOf(account))])
  return undefined
}

function devicesOf(account: Account): BinaryNode[] {
  const companions = [...account.companions.values()].filter((device) => device.linked)
  return [
    element('device', { id: '0' }),
    ...companions.map(({ id }) => element('device', { id: String(id), 'key-index': String(id) })),
  ]
}
