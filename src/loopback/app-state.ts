import { randomBytes } from 'node:crypto'
import type { BinaryNode, LTHashState, WAPatchName } from '@whiskeysockets/baileys'
import {
  decodeSyncdPatch,
  getBinaryNodeChild,
  getBinaryNodeChildren,
  newLTHashState,
  proto,
} from '@whiskeysockets/baileys'
import { contentBytes, element } from './nodes.js'
import type { World } from './world.js'

/** A change to a chat or setting that a companion published and the phone could decrypt. */
export interface Mutation {
  collection: string
  /** What it is about, e.g. `['mute', jid]`. */
  index: string[]
}

interface Collection {
  patches: Uint8Array[]
  state: LTHashState
}

/** A phone's app state: patches in collections, encrypted under a key the server does not know. */
export class AppState {
  readonly keyId: Uint8Array
  readonly keyData: proto.Message.IAppStateSyncKeyData
  /** Every accepted change, its MACs verified. */
  readonly mutations: Mutation[] = []
  private readonly world: World
  private readonly collections = new Map<string, Collection>()

  constructor(world: World) {
    this.world = world
    this.keyId = Buffer.from([0, 0, ...randomBytes(4)])
    this.keyData = {
      keyData: randomBytes(32),
      fingerprint: { rawId: 1, currentIndex: 0, deviceIndexes: [0] },
      timestamp: world.clock.now(),
    }
  }

  /** Answers the `sync` of a query: takes patches, gives those the client lacks. */
  async sync(request: BinaryNode | undefined): Promise<BinaryNode> {
    const answers: BinaryNode[] = []
    for (const node of getBinaryNodeChildren(request, 'collection')) answers.push(await this.syncOne(node))
    return element('sync', {}, answers)
  }

  private async syncOne(request: BinaryNode): Promise<BinaryNode> {
    const name = request.attrs.name ?? ''
    const collection = this.collections.get(name) ?? { patches: [], state: newLTHashState() }
    this.collections.set(name, collection)
    const version = Number(request.attrs.version ?? 0)
    const patch = contentBytes(getBinaryNodeChild(request, 'patch'))
    if (!patch) {
      const missing = collection.patches.slice(version).map((bytes) => element('patch', {}, bytes))
      const attrs = { name, version: String(version) }
      return element('collection', attrs, [element('patches', {}, missing)])
    }
    const accepted = version === collection.patches.length && (await this.take(name, collection, patch))
    const attrs = { name, version: String(collection.patches.length) }
    if (accepted) return element('collection', attrs)
    const error = element('error', { code: '409', text: 'conflict' })
    return element('collection', { ...attrs, type: 'error' }, [error])
  }

  /** Verifies a patch as the other devices of the account would; false when it does not hold. */
  private async take(name: string, collection: Collection, bytes: Uint8Array): Promise<boolean> {
    const patch = proto.SyncdPatch.decode(bytes)
    const version = collection.patches.length + 1
    patch.version = { version }
    // Encoded first: reading a patch empties it.
    const encoded = proto.SyncdPatch.encode(patch).finish()
    const found: Mutation[] = []
    try {
      const key = async (id: string) =>
        id === Buffer.from(this.keyId).toString('base64') ? this.keyData : undefined
      const next = await decodeSyncdPatch(
        patch,
        name as WAPatchName,
        collection.state,
        key,
        ({ index }) => found.push({ collection: name, index: index as unknown as string[] }),
        true,
      )
      collection.state = { ...next, version }
    } catch (error) {
      this.world.logger.warn({ error }, 'loopback: an app-state patch does not verify; refused')
      return false
    }
    collection.patches.push(encoded)
    this.mutations.push(...found)
    this.world.waiting.changed()
    return true
  }
}
