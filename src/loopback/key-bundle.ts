import type { BinaryNode, SignalRepositoryWithLIDStore } from '@whiskeysockets/baileys'
import { KEY_BUNDLE_TYPE } from '@whiskeysockets/baileys'
import { bigEndian, element } from './nodes.js'

/** What somebody needs to open a session with a device; public keys are 33 bytes, with the type byte. */
export type KeyBundle = Parameters<SignalRepositoryWithLIDStore['injectE2ESession']>[0]['session']

function rawKey(publicKey: Uint8Array): Uint8Array {
  return publicKey.length === 33 ? publicKey.subarray(1) : publicKey
}

function keyNode(tag: string, id: number, publicKey: Uint8Array, signature?: Uint8Array): BinaryNode {
  const content = [
    element('id', {}, bigEndian(id, 3)),
    element('value', {}, rawKey(publicKey)),
    ...(signature ? [element('signature', {}, signature)] : []),
  ]
  return element(tag, {}, content)
}

/** The children of a `user` in the answer to a key query. */
export function bundleNodes(bundle: KeyBundle): BinaryNode[] {
  const { signedPreKey, preKey } = bundle
  return [
    element('registration', {}, bigEndian(bundle.registrationId, 4)),
    element('type', {}, KEY_BUNDLE_TYPE),
    element('identity', {}, rawKey(bundle.identityKey)),
    keyNode('skey', signedPreKey.keyId, signedPreKey.publicKey, signedPreKey.signature),
    ...(preKey ? [keyNode('key', preKey.keyId, preKey.publicKey)] : []),
  ]
}

/** The `registration` and `keys` children of a retry receipt. */
export function retryKeyNodes(bundle: KeyBundle): BinaryNode[] {
  const [registration, ...keys] = bundleNodes(bundle)
  return [registration!, element('keys', {}, keys)]
}
