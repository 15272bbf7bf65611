import type {
  AuthenticationCreds,
  proto as ProtoTypes,
  SignalKeyStoreWithTransaction,
  SignalRepositoryWithLIDStore,
} from '@whiskeysockets/baileys'
import {
  Curve,
  DEFAULT_CONNECTION_CONFIG,
  encodeWAMessage,
  generateSignalPubKey,
  initAuthCreds,
  proto,
  unpadRandomMax16,
} from '@whiskeysockets/baileys'
import type { KeyBundle } from './key-bundle.js'
import { memoryKeys } from './memory-keys.js'
import { quietly } from './quiet.js'

export interface Encrypted {
  type: 'pkmsg' | 'msg'
  ciphertext: Uint8Array
}

const baileysLogger = {
  level: 'silent',
  child: () => baileysLogger,
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
}

/**
 * One simulated phone with real libsignal sessions and sender keys. Sessions are named by LID addresses, as
 * the other side's address is its own business; operations run one after another.
 */
export class Peer {
  readonly creds: AuthenticationCreds = initAuthCreds()
  private readonly keys: SignalKeyStoreWithTransaction = memoryKeys()
  private readonly signal: SignalRepositoryWithLIDStore
  private nextPreKeyId = 1
  private last: Promise<unknown> = Promise.resolve()

  constructor() {
    const auth = { creds: this.creds, keys: this.keys }
    this.signal = DEFAULT_CONNECTION_CONFIG.makeSignalRepository(auth, baileysLogger)
  }

  /** Runs `work` alone; nothing else happens to this peer's keys meanwhile. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    const run = this.last.then(() => quietly(work))
    this.last = run.catch(() => undefined)
    return run
  }

  /** A bundle with a fresh one-time pre-key. */
  async bundle(): Promise<KeyBundle> {
    const { signedIdentityKey, signedPreKey, registrationId } = this.creds
    const preKeyId = this.nextPreKeyId++
    const preKey = Curve.generateKeyPair()
    await this.keys.set({ 'pre-key': { [String(preKeyId)]: preKey } })
    return {
      registrationId,
      identityKey: generateSignalPubKey(signedIdentityKey.public),
      signedPreKey: {
        keyId: signedPreKey.keyId,
        publicKey: generateSignalPubKey(signedPreKey.keyPair.public),
        signature: signedPreKey.signature,
      },
      preKey: { keyId: preKeyId, publicKey: generateSignalPubKey(preKey.public) },
    }
  }

  async hasSession(jid: string): Promise<boolean> {
    return (await this.signal.validateSession(jid)).exists
  }

  startSession(jid: string, session: KeyBundle): Promise<void> {
    return this.signal.injectE2ESession({ jid, session })
  }

  encrypt(jid: string, message: ProtoTypes.IMessage): Promise<Encrypted> {
    return this.signal.encryptMessage({ jid, data: encodeWAMessage(message) })
  }

  async decrypt(jid: string, type: 'pkmsg' | 'msg', ciphertext: Uint8Array): Promise<ProtoTypes.Message> {
    return parse(await this.signal.decryptMessage({ jid, type, ciphertext }))
  }

  /** The identity key the other side showed when it opened the session; 32 bytes. */
  async identityOf(jid: string): Promise<Uint8Array | undefined> {
    const address = this.signal.jidToSignalProtocolAddress(jid)
    const stored = (await this.keys.get('identity-key', [address]))[address]
    return stored?.subarray(1)
  }

  async encryptToGroup(group: string, ownJid: string, message: ProtoTypes.IMessage) {
    return this.signal.encryptGroupMessage({ group, meId: ownJid, data: encodeWAMessage(message) })
  }

  senderKey(group: string, ownJid: string): Promise<Uint8Array> {
    return this.signal.getSenderKeyDistributionMessage({ group, meId: ownJid })
  }

  async learnSenderKey(
    author: string,
    item: ProtoTypes.Message.ISenderKeyDistributionMessage,
  ): Promise<void> {
    await this.signal.processSenderKeyDistributionMessage({ authorJid: author, item })
  }

  async decryptFromGroup(group: string, author: string, ciphertext: Uint8Array): Promise<ProtoTypes.Message> {
    return parse(await this.signal.decryptGroupMessage({ group, authorJid: author, msg: ciphertext }))
  }

  /** Forgets the session, as a phone that was reinstalled or restored would. */
  forgetSession(jid: string): Promise<void> {
    return this.signal.deleteSession([jid])
  }

  close(): void {
    this.signal.close?.()
  }
}

function parse(padded: Uint8Array): ProtoTypes.Message {
  return proto.Message.decode(unpadRandomMax16(padded))
}
