import type { proto } from '@whiskeysockets/baileys'
import type { Connection } from './connection.js'
import type { Device } from './device.js'
import { DeviceKeys } from './device-keys.js'
import { introduce } from './first-sync.js'
import { element } from './nodes.js'
import { offerPairing } from './pairing-qr.js'
import { Phone } from './phone.js'
import { count } from './stats.js'
import type { World } from './world.js'

const UNAUTHORIZED = 401

/** After the handshake: a new client is offered pairing, a known one is logged in, anybody else is refused. */
export function admit(
  world: World,
  connection: Connection,
  payload: proto.ClientPayload,
): Device | undefined {
  if (payload.devicePairingData) {
    const keys = DeviceKeys.register(payload.devicePairingData, world.stats)
    if (keys) offerPairing(world, connection, keys)
    else connection.failure(UNAUTHORIZED)
    return undefined
  }
  const account = world.accounts.get(String(payload.username ?? ''))
  const device = account instanceof Phone ? account.companions.get(payload.device ?? 0) : undefined
  const failure = world.faults.takeLoginFailure()
  if (failure) connection.failure(failure)
  else if (!device?.linked || !device.noiseKey.equals(connection.clientKey)) connection.failure(UNAUTHORIZED)
  else if (!world.faults.takeNoSuccess()) return logIn(world, connection, device)
  return undefined
}

function logIn(world: World, connection: Connection, device: Device): Device {
  device.connection?.streamError(undefined, element('conflict', { type: 'replaced' }))
  device.attach(connection)
  count([world.stats], 'logins')
  connection.send(element('success', { t: world.nowSeconds(), lid: device.lid, location: 'loopback' }))
  return device
}

/** Once the client says that it is active: what waited while it was away, then what its phone has for it. */
export async function goActive(device: Device): Promise<void> {
  const { connection, queue } = device
  if (!connection) return
  const waiting = { count: String(queue.size), message: String(queue.messages) }
  connection.send(element('ib', {}, [element('offline_preview', waiting)]))
  const flushed = queue.flush(connection, 'offline')
  connection.send(element('ib', {}, [element('offline', { count: String(flushed) })]))
  device.goLive()
  queue.flush(connection, 'after')
  if (!device.initialised) {
    device.initialised = true
    await introduce(device)
  }
}
