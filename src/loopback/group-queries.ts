import type { BinaryNode } from '@whiskeysockets/baileys'
import { getBinaryNodeChild } from '@whiskeysockets/baileys'
import type { Device } from './device.js'
import { element, iqError, iqResult } from './nodes.js'
import type { World } from './world.js'

/** Answers queries about groups: the metadata of one, or all the device's account is in. */
export function answerGroups(world: World, device: Device, iq: BinaryNode): BinaryNode {
  const isMember = (members: readonly unknown[]) => members.includes(device.phone)
  if (iq.attrs.type === 'get' && getBinaryNodeChild(iq, 'participating')) {
    const groups = [...world.groups.values()].filter(({ members }) => isMember(members))
    return iqResult(iq, [
      element(
        'groups',
        {},
        groups.map((group) => group.toNode()),
      ),
    ])
  }
  if (iq.attrs.type !== 'get' || !getBinaryNodeChild(iq, 'query'))
    return iqError(iq, 501, 'feature-not-implemented')
  const group = world.groups.get(iq.attrs.to ?? '')
  if (!group) return iqError(iq, 404, 'item-not-found')
  return isMember(group.members) ? iqResult(iq, [group.toNode()]) : iqError(iq, 403, 'forbidden')
}
