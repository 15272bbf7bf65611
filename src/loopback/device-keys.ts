import type { BinaryNode, proto } from '@whiskeysockets/baileys'
import {
  generateSignalPubKey,
  getBinaryNodeChild,
  getBinaryNodeChildren,
  getBinaryNodeChildUInt,
} from '@whiskeysockets/baileys'
import type { KeyBundle } from './key-bundle.js'
import { bytesOf } from './nodes.js'
import { isSigned } from './signatures.js'
import { count, type LoopbackStats } from './stats.js'

interface SignedPreKey {
  keyId: number
  publicKey: Buffer
  signature: Buffer
}

/** What one linked device published, as WhatsApp's server keeps it. */
export class DeviceKeys {
  readonly identityKey: Buffer
  private registrationId: number
  private signedPreKey: SignedPreKey
  private readonly available = new Map<number, Buffer>()
  // Every id ever published with its key: WhatsApp's own server forgets, this one tells on a counter gone back.
  private readonly published = new Map<number, string>()
  private readonly stats: LoopbackStats

  /** Throws nothing; `undefined` when the registration is incomplete or its signature is wrong. */
  static register(data: proto.ClientPayload.IDevicePairingRegistrationData, stats: LoopbackStats) {
    const { eIdent, eSkeyId, eSkeyVal, eSkeySig, eRegid } = data
    if (!eIdent || !eSkeyId || !eSkeyVal || !eSkeySig || !eRegid) return undefined
    const signed = {
      keyId: Buffer.from(eSkeyId).readUIntBE(0, 3),
      publicKey: Buffer.from(eSkeyVal),
      signature: Buffer.from(eSkeySig),
    }
    if (!isSignedBy(eIdent, signed)) return undefined
    return new DeviceKeys(Buffer.from(eIdent), Buffer.from(eRegid).readUInt32BE(0), signed, stats)
  }

  private constructor(identity: Buffer, registrationId: number, signed: SignedPreKey, stats: LoopbackStats) {
    this.identityKey = identity
    this.registrationId = registrationId
    this.signedPreKey = signed
    this.stats = stats
  }

  get count(): number {
    return this.available.size
  }

  /** Takes an upload; false when the identity is another one or the signature is wrong. */
  upload(node: BinaryNode): boolean {
    const signed = readSigned(getBinaryNodeChild(node, 'skey'))
    if (!bytesOf(node, 'identity')?.equals(this.identityKey)) return false
    if (!signed || !isSignedBy(this.identityKey, signed)) return false
    this.signedPreKey = signed
    this.registrationId = getBinaryNodeChildUInt(node, 'registration', 4) ?? this.registrationId
    for (const key of getBinaryNodeChildren(getBinaryNodeChild(node, 'list'), 'key')) {
      const id = getBinaryNodeChildUInt(key, 'id', 3)
      const value = bytesOf(key, 'value')
      if (id === undefined || value?.length !== 32) return false
      // A key that was handed out is gone, even if the same one is uploaded again.
      if (this.observe(id, value)) this.available.set(id, value)
      count([this.stats], 'preKeysUploaded')
    }
    return true
  }

  /** Replaces the signed pre-key; false when its signature is wrong. */
  rotate(node: BinaryNode | undefined): boolean {
    const signed = readSigned(node)
    if (!signed || !isSignedBy(this.identityKey, signed)) return false
    this.signedPreKey = signed
    return true
  }

  /** Notes a published key; true when its id was never seen with this very key. */
  observe(id: number, value: Uint8Array): boolean {
    const key = Buffer.from(value).toString('hex')
    const before = this.published.get(id)
    if (before === key) return false
    if (before !== undefined) count([this.stats], 'reusedPreKeyIds')
    this.published.set(id, key)
    return true
  }

  /** A bundle for one peer; its one-time pre-key, if any is left, is never handed out again. */
  take(): KeyBundle {
    const [next] = this.available
    if (next) {
      this.available.delete(next[0])
      count([this.stats], 'preKeysConsumed')
    }
    const { keyId, publicKey, signature } = this.signedPreKey
    return {
      registrationId: this.registrationId,
      identityKey: generateSignalPubKey(this.identityKey),
      signedPreKey: { keyId, publicKey: generateSignalPubKey(publicKey), signature },
      ...(next ? { preKey: { keyId: next[0], publicKey: generateSignalPubKey(next[1]) } } : {}),
    }
  }
}

function readSigned(node: BinaryNode | undefined): SignedPreKey | undefined {
  const keyId = node && getBinaryNodeChildUInt(node, 'id', 3)
  const publicKey = bytesOf(node, 'value')
  const signature = bytesOf(node, 'signature')
  if (keyId === undefined || publicKey?.length !== 32 || !signature) return undefined
  return { keyId, publicKey, signature }
}

function isSignedBy(identity: Uint8Array, signed: SignedPreKey): boolean {
  return isSigned(identity, generateSignalPubKey(signed.publicKey), signed.signature)
}
