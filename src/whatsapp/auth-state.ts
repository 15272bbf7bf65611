import {
  type AuthenticationCreds,
  type AuthenticationState,
  BufferJSON,
  initAuthCreds,
  proto,
  type SignalDataSet,
  type SignalDataTypeMap,
  type SignalKeyStore,
} from '@whiskeysockets/baileys'
import { SessionError } from '../errors.js'
import type { KeyFileBatch, KeyFiles, Urgency } from '../ports/key-files.js'
import type { Logger } from '../ports/logger.js'

/** Resolves when what was written up to `position` is committed remotely, or its bounded wait has ended. */
export type Barrier = (position: number) => Promise<void>

export interface AuthStateOptions {
  /** The caller has proven that there is no session: a new identity is made. Never set because a look-up failed. */
  readonly fresh: boolean
  /** Awaited after each urgent write, so that WhatsApp is told of it only afterwards. */
  readonly barrier?: Barrier
  readonly logger: Logger
}

export interface AuthState {
  readonly state: AuthenticationState
  /**
   * Writes creds as they are now (Baileys goes on changing the object), with `update` merged in as Baileys does.
   * @throws SessionError `closed` · `diskFull`
   */
  saveCreds(update?: Partial<AuthenticationCreds>): Promise<void>
}

/**
 * Baileys' `AuthenticationState` over a tenant's key files: names and contents are those of `useMultiFileAuthState`,
 * so that people can move in and out. Wants no `makeCacheableSignalKeyStore` around it: that cache takes a value
 * before the store has accepted it, so after a refused write it serves what was never stored.
 * @throws SessionError `corrupt` creds.json is damaged · `missing` there is none and `fresh` is not set · `invalid`
 * there is one although `fresh` is set
 */
export async function openAuthState(files: KeyFiles, options: AuthStateOptions): Promise<AuthState> {
  const creds = await loadCreds(files, options.fresh)
  const writer = new AuthWriter(files, options, isPaired(creds))
  const saveCreds = async (update?: Partial<AuthenticationCreds>) => {
    if (update) Object.assign(creds, update)
    await writer.writeCreds(creds)
  }
  return { state: { creds, keys: keyStore(files, writer) }, saveCreds }
}

/** `registered` says nothing (false after a QR pairing), and an unfinished pairing by code has `me` without `account`. */
export function isPaired(creds: Pick<AuthenticationCreds, 'me' | 'account'>): boolean {
  return Boolean(creds.me?.id && creds.account)
}

/** Paired, and not one pre-key made: Baileys makes the first ones as soon as WhatsApp has let it in. */
export function neverLoggedIn(creds: AuthenticationCreds): boolean {
  return isPaired(creds) && creds.nextPreKeyId === initialPreKeyId
}

/** As `initAuthCreds` sets it. */
const initialPreKeyId = 1

const credsName = 'creds.json'

async function loadCreds(files: KeyFiles, fresh: boolean): Promise<AuthenticationCreds> {
  const content = await files.read(credsName)
  if (content === null && fresh) return initAuthCreds()
  if (content === null) {
    const message =
      'The session has no creds.json: restore it, or start a fresh one once it is proven that none exists.'
    throw new SessionError('missing', message)
  }
  const creds = parseCreds(content)
  if (!fresh) return creds
  // What an unfinished pairing left: WhatsApp would answer it with 401.
  if (!isPaired(creds)) return initAuthCreds()
  throw new SessionError(
    'invalid',
    'A new identity was asked for where a paired session is; nothing was touched.',
  )
}

function parseCreds(content: string): AuthenticationCreds {
  const creds = fromText(content) as Partial<AuthenticationCreds> | null | undefined
  if (creds?.noiseKey?.private && creds.signedIdentityKey?.private && creds.signedPreKey?.keyPair) {
    return creds as AuthenticationCreds
  }
  throw new SessionError(
    'corrupt',
    'creds.json is damaged: heal or restore the session. It is not paired anew.',
  )
}

class AuthWriter {
  readonly #files: KeyFiles
  readonly #options: AuthStateOptions
  #paired: boolean

  constructor(files: KeyFiles, options: AuthStateOptions, paired: boolean) {
    this.#files = files
    this.#options = options
    this.#paired = paired
  }

  writeCreds(creds: AuthenticationCreds): Promise<void> {
    const paired = isPaired(creds)
    const urgency = paired && !this.#paired ? 'urgent' : 'ordinary'
    const batch = new Map([[credsName, toText(creds)]])
    return this.write(batch, urgency, () => {
      this.#paired = paired
    })
  }

  async write(batch: KeyFileBatch, urgency: Urgency, written?: () => void): Promise<void> {
    const { barrier, logger } = this.#options
    const position = await this.#files.write(batch, urgency)
    written?.()
    if (urgency !== 'urgent' || !barrier) return
    logger.debug({ position, files: batch.size }, 'waiting for the backup of an urgent change')
    await barrier(position)
  }
}

type KeyType = keyof SignalDataTypeMap

/** Reads in a row without a turn of the event loop: below 2 ms. */
const readsInARow = 64

function keyStore(files: KeyFiles, writer: AuthWriter): SignalKeyStore {
  return {
    get: async <T extends KeyType>(type: T, ids: string[]) => {
      const found: { [id: string]: SignalDataTypeMap[T] } = {}
      let reads = 0
      for (const id of ids) {
        if (++reads % readsInARow === 0) await new Promise((resume) => setImmediate(resume))
        // Null for a key that there is none of, as Baileys' own store gives.
        found[id] = revive(type, await files.read(fileName(type, id))) as SignalDataTypeMap[T]
      }
      return found
    },
    set: async (data) => {
      const batch = toBatch(data)
      if (batch.size > 0) await writer.write(batch, urgencyOf(data))
    },
  }
}

function revive(type: KeyType, content: string | null): unknown {
  const value = content === null ? null : fromText(content)
  if (value === undefined)
    throw new SessionError('corrupt', `A ${type} file is damaged: heal or restore the session.`)
  return type === 'app-state-sync-key' && value
    ? proto.Message.AppStateSyncKeyData.fromObject(value as object)
    : value
}

function toBatch(data: SignalDataSet): Map<string, string | null> {
  const batch = new Map<string, string | null>()
  for (const [type, values] of Object.entries(data)) {
    for (const [id, value] of Object.entries(values ?? {})) {
      batch.set(fileName(type, id), value ? toText(value) : null)
    }
  }
  return batch
}

/** New pre-keys are handed out by the server, and an app-state-sync-key cannot be had again: both before anything else. */
function urgencyOf(data: SignalDataSet): Urgency {
  const brings = (values: object | undefined) => Object.values(values ?? {}).some(Boolean)
  return brings(data['pre-key']) || brings(data['app-state-sync-key']) ? 'urgent' : 'ordinary'
}

/** As Baileys' `useMultiFileAuthState` names its files. */
function fileName(type: string, id: string): string {
  return `${type}-${id}.json`.replaceAll('/', '__').replaceAll(':', '-')
}

function toText(value: unknown): string {
  return JSON.stringify(value, BufferJSON.replacer)
}

/** Undefined for what is not JSON. */
function fromText(content: string): unknown {
  try {
    return JSON.parse(content, BufferJSON.reviver)
  } catch {
    return undefined
  }
}
