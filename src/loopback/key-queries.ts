import type { BinaryNode } from '@whiskeysockets/baileys'
import { getBinaryNodeChild, getBinaryNodeChildren } from '@whiskeysockets/baileys'
import type { Device } from './device.js'
import { bundleNodes, type KeyBundle } from './key-bundle.js'
import { element, iqError, iqResult } from './nodes.js'
import type { World } from './world.js'

/** Answers queries about pre-keys: count, digest, other people's bundles, uploads, rotation. */
export async function answerKeys(world: World, device: Device, iq: BinaryNode): Promise<BinaryNode> {
  const { keys } = device
  if (iq.attrs.type === 'set') {
    const rotation = getBinaryNodeChild(iq, 'rotate')
    const accepted = rotation ? keys.rotate(getBinaryNodeChild(rotation, 'skey')) : keys.upload(iq)
    world.waiting.changed()
    return accepted ? iqResult(iq) : iqError(iq, 406, 'not-acceptable')
  }
  if (getBinaryNodeChild(iq, 'count')) return iqResult(iq, [element('count', { value: String(keys.count) })])
  if (getBinaryNodeChild(iq, 'digest')) {
    return iqResult(iq, [element('digest', {}, [element('identity', {}, keys.identityKey)])])
  }
  const wanted = getBinaryNodeChildren(getBinaryNodeChild(iq, 'key'), 'user')
  const users: BinaryNode[] = []
  for (const { attrs } of wanted) users.push(await bundleOf(world, attrs.jid ?? ''))
  return iqResult(iq, [element('list', {}, users)])
}

async function bundleOf(world: World, jid: string): Promise<BinaryNode> {
  const target = world.find(jid)
  const companion = target?.account.companions.get(target.device)
  let bundle: KeyBundle | undefined
  if (target?.device === 0) bundle = await target.account.peer.exclusively(() => target.account.peer.bundle())
  else if (companion?.linked) bundle = companion.keys.take()
  if (!bundle) return element('user', { jid }, [element('error', { code: '404', text: 'item-not-found' })])
  return element('user', { jid, t: world.nowSeconds() }, bundleNodes(bundle))
}
