import { randomBytes } from 'node:crypto'
import { type Frame, frameBytes } from './frame.js'
import type { EventName } from './payloads.js'

/** What is kept for those who come back: enough for a short interruption of a busy list. */
const keptBytes = 1024 * 1024

/** The events of the last while, by number, for readers that were cut off. */
export class Replay {
  /** Another process counts anew, so that its numbers mean something else. */
  readonly #life = randomBytes(6).toString('hex')
  readonly #frames: Frame[] = []
  #first = 0
  #bytes = 0
  #seq = 0
  /** Events up to here are not known any more. */
  #forgotten = 0

  /** Number of the newest event. */
  get seq(): number {
    return this.#seq
  }

  /** What it takes to go on after the newest event. */
  get id(): string {
    return `${this.#life}-${this.#seq}`
  }

  add(tenantId: string | null, name: EventName, json: string): Frame {
    this.#seq += 1
    const frame = { seq: this.#seq, tenantId, bytes: frameBytes(this.id, name, json) }
    this.#frames.push(frame)
    this.#bytes += frame.bytes.length
    while (this.#bytes > keptBytes) {
      const oldest = this.#frames[this.#first++]!
      this.#bytes -= oldest.bytes.length
      this.#forgotten = oldest.seq
    }
    // Cutting the front off at each event would move them all each time.
    if (this.#first > 1_000) {
      this.#frames.splice(0, this.#first)
      this.#first = 0
    }
    return frame
  }

  /** A new number without an event: who has it has seen something that those before have not. */
  mark(): number {
    this.#seq += 1
    return this.#seq
  }

  /** Number of the event with that id; null when it is none of this process, or what came after it is forgotten. */
  seqOf(id: string): number | null {
    const found = /^([0-9a-f]{12})-(\d{1,15})$/.exec(id)
    const seq = Number(found?.[2])
    if (found?.[1] !== this.#life || seq > this.#seq) return null
    return seq >= this.#forgotten ? seq : null
  }

  /** Events after `seq` that are for everybody or for the watchers of `tenantId`. */
  after(seq: number, tenantId: string | null): Frame[] {
    return this.#frames
      .slice(this.#first)
      .filter((frame) => frame.seq > seq && (frame.tenantId === null || frame.tenantId === tenantId))
  }

  /** What happens from now on is not noted: nobody can go on from before. */
  forget(): void {
    this.#frames.length = 0
    this.#first = 0
    this.#bytes = 0
    this.#forgotten = this.mark()
  }
}
