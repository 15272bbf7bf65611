const leastCapacity = 8

/**
 * Names in numbered slots, for what is kept a million times: the rest of what is known of a name lies in plain columns
 * by slot. A name costs about 20 bytes beside its text, a third of a Map's entry. A slot is kept until its name is
 * removed, then used again.
 */
export class NameIndex {
  #names: (string | undefined)[] = []
  readonly #free: number[] = []
  /** Slot + 1 by hash, the next free place on collision; 0 is free. Never more than half full. */
  #table = newTable(2 * leastCapacity)

  /** @param names each once; the list becomes the index's own, and has no room for more that nobody may need */
  static of(names: string[]): NameIndex {
    const index = new NameIndex()
    index.#names = names
    index.#table = tableFor(names)
    for (const [slot, name] of names.entries()) index.#table[index.#placeOf(name)] = slot + 1
    return index
  }

  get size(): number {
    return this.#names.length - this.#free.length
  }

  /** All slots are below. */
  get slots(): number {
    return this.#names.length
  }

  nameOf(slot: number): string | undefined {
    return this.#names[slot]
  }

  /** -1 when the name is not there. */
  slotOf(name: string): number {
    return this.#table[this.#placeOf(name)]! - 1
  }

  /** The name's slot, a new one when it had none. */
  add(name: string): number {
    const place = this.#placeOf(name)
    const known = this.#table[place]! - 1
    if (known >= 0) return known
    const slot = this.#free.pop() ?? this.#names.length
    this.#names[slot] = name
    this.#table[place] = slot + 1
    if (this.size * 2 > this.#table.length) this.#grow()
    return slot
  }

  /** @returns the slot that is free now, or -1 */
  remove(name: string): number {
    const place = this.#placeOf(name)
    const slot = this.#table[place]! - 1
    if (slot < 0) return -1
    this.#names[slot] = undefined
    this.#free.push(slot)
    this.#closeGap(place)
    return slot
  }

  *names(): Generator<string> {
    for (const name of this.#names) if (name !== undefined) yield name
  }

  copy(): NameIndex {
    const copy = new NameIndex()
    copy.#names = this.#names.slice()
    for (const slot of this.#free) copy.#free.push(slot)
    copy.#table = this.#table.slice()
    return copy
  }

  /** Where the name is in the table, or would be. */
  #placeOf(name: string): number {
    const mask = this.#table.length - 1
    for (let place = spread(hashOfName(name)) & mask; ; place = (place + 1) & mask) {
      const entry = this.#table[place]!
      if (entry === 0 || this.#names[entry - 1] === name) return place
    }
  }

  /** Later entries of the same run move up, so that a look-up never ends too early. */
  #closeGap(from: number): void {
    const table = this.#table
    const mask = table.length - 1
    let gap = from
    table[gap] = 0
    for (let place = (gap + 1) & mask; table[place] !== 0; place = (place + 1) & mask) {
      const home = spread(hashOfName(this.#names[table[place]! - 1]!)) & mask
      if (((place - home) & mask) < ((place - gap) & mask)) continue
      table[gap] = table[place]!
      table[place] = 0
      gap = place
    }
  }

  #grow(): void {
    this.#table = newTable(2 * this.#table.length)
    for (const [slot, name] of this.#names.entries()) {
      if (name !== undefined) this.#table[this.#placeOf(name)] = slot + 1
    }
  }
}

function tableFor(names: readonly string[]): Uint16Array | Uint32Array {
  let length = 2 * leastCapacity
  while (names.length * 2 > length) length *= 2
  return newTable(length)
}

/** Half as large while every slot + 1 fits. */
function newTable(length: number): Uint16Array | Uint32Array {
  return length <= 2 ** 16 ? new Uint16Array(length) : new Uint32Array(length)
}

/** FNV-1a: stable and cheap, not secret. */
export function hashOfName(name: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

function spread(hash: number): number {
  return Math.imul(hash, 0x9e3779b1) >>> 8
}
