import { isSessionError, SessionError } from '../errors.js'
import type { ObjectSource } from '../ports/object-store.js'
import { ownTurn } from '../turns.js'
import { openPayload } from './codec.js'
import type { DocumentHeader } from './generation.js'
import { inParallel } from './in-parallel.js'
import { generationKey, partKey } from './object-names.js'
import { readPart } from './parts.js'
import { maxPlainBytes, type PayloadCipher } from './payload.js'
import { corruptObject, readDocument } from './read-document.js'

/** One verified object of a chain. */
export interface LoadedGeneration {
  readonly name: string
  readonly document: DocumentHeader
  readonly changes: ReadonlyMap<string, string | null>
  /** Of the contents among the changes. */
  readonly hashes: ReadonlyMap<string, string>
}

/** Why a generation cannot be used: `corrupt` bytes, or an object that is proven `missing`. */
export type UnusableCode = 'corrupt' | 'missing'

export interface RestoreOptions {
  /** Objects fetched at once. Default 16. */
  readonly limit?: number
  readonly cipher?: PayloadCipher | null
}

const triesToRead = 4

/**
 * Generations of one tenant, each object fetched and verified at most once, however many chains of a walk back share
 * it. Only proof that an object is unusable is remembered; anything else (the store does not answer) is thrown on.
 */
export class ObjectCache {
  readonly tenantId: string
  readonly #store: ObjectSource
  readonly #limit: number
  readonly #cipher: PayloadCipher | null
  readonly #loaded = new Map<string, LoadedGeneration | SessionError>()
  #downloads = 0
  /** Bytes of the payloads that are held or being unpacked. */
  #unpacked = 0

  constructor(store: ObjectSource, tenantId: string, { limit = 16, cipher = null }: RestoreOptions = {}) {
    this.tenantId = tenantId
    this.#store = store
    this.#limit = limit
    this.#cipher = cipher
  }

  /** Objects asked for so far, missing ones included. */
  get downloads(): number {
    return this.#downloads
  }

  /** @throws `corrupt`, `missing`: the object is unusable · what the store throws · `denied` the encryption key */
  async load(name: string): Promise<LoadedGeneration> {
    const known = this.#loaded.get(name)
    if (known) return orThrow(known)
    try {
      const loaded = await this.#fetch(name)
      this.#loaded.set(name, loaded)
      return loaded
    } catch (error) {
      if (isUnusable(error)) this.#loaded.set(name, error)
      throw error
    }
  }

  loadAll(names: readonly string[]): Promise<LoadedGeneration[]> {
    return inParallel(names, this.#limit, (name) => this.load(name))
  }

  /** What was loaded, for what damaged chains still tell: marks and parents. */
  *documents(): Generator<DocumentHeader> {
    for (const loaded of this.#loaded.values()) if (!(loaded instanceof Error)) yield loaded.document
  }

  async #fetch(name: string): Promise<LoadedGeneration> {
    const key = generationKey(this.tenantId, name)
    const { document, data } = await this.#read(key, (body) => readDocument(this.tenantId, key, body))
    const sealed = data ?? Buffer.concat(await this.#parts(name, document))
    return { name, document, ...(await this.#unpack(key, document, sealed)) }
  }

  #parts(name: string, { payload }: DocumentHeader): Promise<Buffer[]> {
    return inParallel(payload.parts, this.#limit, (promised, index) => {
      const at = partKey(this.tenantId, name, index)
      return this.#read(at, (body) => readPart(at, body, promised))
    })
  }

  async #unpack(key: string, document: DocumentHeader, sealed: Buffer) {
    const { plainBytes } = document.payload
    // Each may be small enough and all together a bomb: a session is about 0.3 MB.
    if (this.#unpacked + plainBytes > maxPlainBytes) {
      throw corruptObject(key, `it and those beside it would unpack to more than ${maxPlainBytes} bytes`)
    }
    this.#unpacked += plainBytes
    try {
      return await openPayload(key, document, sealed, this.#cipher)
    } catch (error) {
      this.#unpacked -= plainBytes
      throw error
    }
  }

  /**
   * Downloads and verifies. A download can be torn on its way: only bytes that come twice are what the store holds, so
   * only then is the object damaged.
   */
  async #read<T>(key: string, verify: (body: Buffer) => T): Promise<T> {
    let before: Uint8Array | null = null
    for (let tries = 0; tries < triesToRead; tries++) {
      const body = await this.#get(key)
      // Downloads of many tenants arrive together.
      await ownTurn()
      try {
        return verify(Buffer.from(body.buffer, body.byteOffset, body.byteLength))
      } catch (error) {
        if (!isUnusable(error) || (before !== null && Buffer.compare(before, body) === 0)) throw error
        before = body
      }
    }
    throw new SessionError(
      'unavailable',
      `Backup object ${key} came down differently ${triesToRead} times, and never whole; try again, and look at the network.`,
    )
  }

  async #get(key: string): Promise<Uint8Array> {
    this.#downloads++
    try {
      return await this.#store.get(key)
    } catch (error) {
      // The store has proven that its bytes are not to be had, which is damage as much as a flipped bit.
      if (isSessionError(error, 'corrupt')) throw corruptObject(key, 'the store gave no whole object', error)
      throw error
    }
  }
}

export function isUnusable(error: unknown): error is SessionError & { code: UnusableCode } {
  return isSessionError(error, 'corrupt', 'missing')
}

function orThrow(known: LoadedGeneration | SessionError): LoadedGeneration {
  if (known instanceof Error) throw known
  return known
}
