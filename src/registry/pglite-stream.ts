import { Duplex } from 'node:stream'

/** The part of PGlite that speaks PostgreSQL's wire protocol. */
export interface WireDatabase {
  runExclusive<T>(run: () => Promise<T>): Promise<T>
  execProtocolRawStream(message: Uint8Array, options: { onRawData(data: Uint8Array): void }): Promise<void>
}

/** `X`: the client says goodbye. It ends the client, and must not reach the only backend there is. */
const terminate = 0x58

/** What the pg driver takes for a socket: the wire protocol in process, with no port that others could reach. */
export class PgliteStream extends Duplex {
  readonly #database: WireDatabase

  constructor(database: WireDatabase) {
    super()
    this.#database = database
  }

  connect(): this {
    queueMicrotask(() => this.emit('connect'))
    return this
  }
  setNoDelay(): this {
    return this
  }
  setKeepAlive(): this {
    return this
  }
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#send(chunk).then(() => done(), done)
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk))).then(() => done(), done)
  }

  override _final(done: () => void): void {
    this.push(null)
    done()
  }

  async #send(message: Buffer): Promise<void> {
    if (message[0] === terminate && message.length === 5) return
    const onRawData = (data: Uint8Array) => {
      // A copy: the bytes lie in the database's own memory, which its next answer overwrites.
      this.push(Buffer.from(data))
    }
    await this.#database.runExclusive(() => this.#database.execProtocolRawStream(message, { onRawData }))
  }
}
