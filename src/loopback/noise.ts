import type { KeyPair } from '@whiskeysockets/baileys'
import { aesDecryptGCM, aesEncryptGCM, Curve, hkdf, NOISE_MODE, proto, sha256 } from '@whiskeysockets/baileys'
import { SessionError } from '../errors.js'
import type { ServerCertificate } from './certificates.js'

const EMPTY = Buffer.alloc(0)

function ivOf(counter: number): Buffer {
  const iv = Buffer.alloc(12)
  iv.writeUInt32BE(counter, 8)
  return iv
}

/** Encrypts and decrypts frames once the handshake is done; frames must pass in order. */
export interface NoiseTransport {
  encrypt(plain: Uint8Array): Buffer
  decrypt(cipher: Uint8Array): Buffer
}

export interface ClientFinish {
  /** The client's noise static key: who it is. */
  staticKey: Buffer
  payload: proto.ClientPayload
  transport: NoiseTransport
}

/** The server's side of one Noise_XX_25519_AESGCM_SHA256 handshake. */
export class NoiseResponder {
  private hash = Buffer.from(NOISE_MODE)
  private salt = this.hash
  private key = this.hash
  private counter = 0
  private readonly ephemeral: KeyPair = Curve.generateKeyPair()
  private readonly certificate: ServerCertificate

  constructor(certificate: ServerCertificate, header: Uint8Array) {
    this.certificate = certificate
    this.mixHash(header)
  }

  /** Takes the encoded client hello, gives the encoded server hello. Throws `invalid` for anything else. */
  answerHello(frame: Uint8Array): Uint8Array {
    const ephemeral = proto.HandshakeMessage.decode(frame).clientHello?.ephemeral
    if (ephemeral?.length !== 32)
      throw new SessionError('invalid', 'The handshake began with no client hello.')
    this.mixHash(ephemeral)
    this.mixHash(this.ephemeral.public)
    this.mixKey(Curve.sharedKey(this.ephemeral.private, ephemeral))
    const encryptedStatic = this.encrypt(this.certificate.staticKey.public)
    this.mixKey(Curve.sharedKey(this.certificate.staticKey.private, ephemeral))
    const payload = this.encrypt(this.certificate.chain)
    return proto.HandshakeMessage.encode({
      serverHello: { ephemeral: this.ephemeral.public, static: encryptedStatic, payload },
    }).finish()
  }

  /** Takes the encoded client finish. Throws when it does not decrypt. */
  finish(frame: Uint8Array): ClientFinish {
    const finish = proto.HandshakeMessage.decode(frame).clientFinish
    if (!finish?.static || !finish.payload) {
      throw new SessionError('invalid', 'The handshake went on with no client finish.')
    }
    // The running counter goes on: this is the second message under the key of `es`.
    const staticKey = this.decrypt(finish.static)
    this.mixKey(Curve.sharedKey(this.ephemeral.private, staticKey))
    const payload = proto.ClientPayload.decode(this.decrypt(finish.payload))
    const [fromClient, toClient] = this.expand(EMPTY)
    return { staticKey, payload, transport: makeTransport(fromClient, toClient) }
  }

  private mixHash(data: Uint8Array): void {
    this.hash = Buffer.from(sha256(Buffer.concat([this.hash, data])))
  }

  private expand(data: Uint8Array): [Buffer, Buffer] {
    const out = Buffer.from(hkdf(Buffer.from(data), 64, { salt: this.salt, info: '' }))
    return [out.subarray(0, 32), out.subarray(32)]
  }

  private mixKey(shared: Uint8Array): void {
    const [salt, key] = this.expand(shared)
    this.salt = Buffer.from(salt)
    this.key = Buffer.from(key)
    this.counter = 0
  }

  private encrypt(plain: Uint8Array): Buffer {
    const cipher = aesEncryptGCM(plain, this.key, ivOf(this.counter++), this.hash)
    this.mixHash(cipher)
    return cipher
  }

  private decrypt(cipher: Uint8Array): Buffer {
    const plain = aesDecryptGCM(cipher, this.key, ivOf(this.counter++), this.hash)
    this.mixHash(cipher)
    return plain
  }
}

function makeTransport(fromClient: Buffer, toClient: Buffer): NoiseTransport {
  let read = 0
  let written = 0
  return {
    encrypt: (plain) => aesEncryptGCM(plain, toClient, ivOf(written++), EMPTY),
    decrypt: (cipher) => aesDecryptGCM(cipher, fromClient, ivOf(read++), EMPTY),
  }
}
