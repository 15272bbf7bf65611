import type { BinaryNode } from '@whiskeysockets/baileys'
import { getBinaryNodeChild } from '@whiskeysockets/baileys'
import type { Connection } from './connection.js'
import type { Device } from './device.js'
import { answerGroups } from './group-queries.js'
import { answerKeys } from './key-queries.js'
import { goActive } from './login.js'
import { element, iqError, iqResult } from './nodes.js'
import { answerLinkCode } from './pairing-code.js'
import { answerUsync } from './usync.js'
import type { World } from './world.js'

type Answer = BinaryNode | undefined | Promise<BinaryNode | undefined>
type Handler = (world: World, device: Device, iq: BinaryNode) => Answer

const PRIVACY = ['readreceipts', 'profile', 'status', 'online', 'last', 'groupadd', 'calladd', 'messages']

function answerPrivacy(_world: World, _device: Device, iq: BinaryNode): BinaryNode {
  if (iq.attrs.type === 'set') return iqResult(iq)
  const categories = PRIVACY.map((name) => element('category', { name, value: 'all' }))
  return iqResult(iq, [element('privacy', {}, categories)])
}

function answerMediaHosts(_world: World, _device: Device, iq: BinaryNode): BinaryNode {
  const host = element('host', { hostname: '127.0.0.1', maxContentLengthBytes: '0' })
  return iqResult(iq, [element('media_conn', { auth: 'loopback', ttl: '3600' }, [host])])
}

async function answerAppState(_world: World, device: Device, iq: BinaryNode): Promise<BinaryNode> {
  return iqResult(iq, [await device.phone.appState.sync(getBinaryNodeChild(iq, 'sync'))])
}

function answerLinkedDevices(_world: World, device: Device, iq: BinaryNode): BinaryNode {
  if (!getBinaryNodeChild(iq, 'remove-companion-device')) return iqError(iq, 501, 'feature-not-implemented')
  device.phone.unlink(device)
  return iqResult(iq)
}

const empty: Handler = (_world, _device, iq) => iqResult(iq)
const content =
  (tag: string): Handler =>
  (_world, _device, iq) =>
    iqResult(iq, [element(tag)])

const HANDLERS: Record<string, Handler> = {
  encrypt: answerKeys,
  usync: (world, _device, iq) => iqResult(iq, [answerUsync(world, iq)]),
  'w:g2': answerGroups,
  'w:sync:app:state': answerAppState,
  'w:m': answerMediaHosts,
  privacy: answerPrivacy,
  md: answerLinkedDevices,
  abt: content('props'),
  blocklist: content('list'),
  'w:p': empty,
  'w:stats': empty,
  'w:biz': empty,
  'w:profile:picture': empty,
  'urn:xmpp:whatsapp:dirty': empty,
  disappearing_mode: empty,
  status: empty,
}

/** Answers a query of a client that is logged in. */
export async function answerQuery(
  world: World,
  device: Device,
  connection: Connection,
  iq: BinaryNode,
): Promise<void> {
  // Answers of clients to the server's own queries need none.
  if (iq.attrs.type === 'result' || iq.attrs.type === 'error') return
  const { xmlns = '' } = iq.attrs
  if (xmlns === 'passive') {
    connection.send(iqResult(iq))
    if (getBinaryNodeChild(iq, 'active')) await goActive(device)
    return
  }
  const handler = HANDLERS[xmlns]
  if (!handler) world.logger.debug({ xmlns }, 'loopback: an unknown kind of query')
  connection.send((await handler?.(world, device, iq)) ?? iqError(iq, 501, 'feature-not-implemented'))
}

/** Answers a query of a client that is not paired yet. */
export function answerUnpaired(world: World, connection: Connection, iq: BinaryNode): void {
  if (iq.attrs.type === 'result' || iq.attrs.type === 'error') return
  if (iq.attrs.xmlns === 'w:p') connection.send(iqResult(iq))
  else if (iq.attrs.xmlns === 'md' && getBinaryNodeChild(iq, 'link_code_companion_reg')) {
    connection.send(answerLinkCode(world, world.offers.of(connection), iq))
  } else connection.send(iqError(iq, 501, 'feature-not-implemented'))
}
