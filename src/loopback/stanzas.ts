import type { BinaryNode } from '@whiskeysockets/baileys'
import { getBinaryNodeChildren } from '@whiskeysockets/baileys'
import { SessionError } from '../errors.js'
import type { Connection, ConnectionEvents } from './connection.js'
import type { Device } from './device.js'
import { takeCountersignature } from './linking.js'
import { admit } from './login.js'
import { childrenOf, element } from './nodes.js'
import { answerQuery, answerUnpaired } from './queries.js'
import { relayMessage } from './relay.js'
import type { World } from './world.js'

/** What a connection's events do to the world. */
export function connectionEvents(world: World, open: Set<Connection>): ConnectionEvents {
  const devices = new Map<Connection, Device>()
  return {
    onClient: (connection, { payload }) => {
      const device = admit(world, connection, payload)
      if (device) devices.set(connection, device)
    },
    onStanza: async (connection, node) => {
      const device = devices.get(connection)
      if (device) await handleStanza(world, device, connection, node)
      else if (node.tag === 'iq') handleUnpaired(world, connection, node)
      world.waiting.changed()
    },
    onClosed: (connection) => {
      open.delete(connection)
      devices.get(connection)?.detach(connection)
      devices.delete(connection)
      const offer = world.offers.remove(connection)
      if (offer) offer.outcome ??= new SessionError('ended', 'The client left before pairing was done.')
      world.waiting.changed()
    },
  }
}

function handleUnpaired(world: World, connection: Connection, node: BinaryNode): void {
  const offer = world.offers.of(connection)
  if (offer && takeCountersignature((device) => device.phone, offer, node)) return
  answerUnpaired(world, connection, node)
}

async function handleStanza(
  world: World,
  device: Device,
  connection: Connection,
  node: BinaryNode,
): Promise<void> {
  if (node.tag === 'iq') return answerQuery(world, device, connection, node)
  if (node.tag === 'message') return relayMessage(world, device, node)
  if (node.tag === 'ack') return device.queue.ack(node, connection)
  if (node.tag === 'receipt') handleReceipt(device, connection, node)
}

function handleReceipt(device: Device, connection: Connection, node: BinaryNode): void {
  const { id = '', to = '', participant, type } = node.attrs
  const more = childrenOf(node).flatMap((list) => getBinaryNodeChildren(list, 'item'))
  for (const each of [id, ...more.map((item) => item.attrs.id ?? '')])
    device.queue.receipt(each, node, connection)
  const attrs = {
    class: 'receipt',
    id,
    from: to,
    ...(participant ? { participant } : {}),
    ...(type ? { type } : {}),
  }
  connection.send(element('ack', attrs))
}
