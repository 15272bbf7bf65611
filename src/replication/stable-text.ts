const [quote, backslash, blank] = Buffer.from('"\\ ')

/** Reads a text in the one form that `JSON.stringify` gives, with no blank, string by string. */
export class StableText {
  readonly #bytes: Buffer
  readonly #refuse: () => never
  #at = 0

  /** @param bytes UTF-8 @param refuse throws: it is in another form */
  constructor(bytes: Buffer, refuse: () => never) {
    this.#bytes = bytes
    this.#refuse = refuse
  }

  /** Goes past `text`, in ASCII. */
  expect(text: string): void {
    if (!this.#take(text)) this.#refuse()
  }

  expectEnd(): void {
    if (this.#at !== this.#bytes.length) this.#refuse()
  }

  string(): string {
    const from = this.#at
    this.expect('"')
    const escapes = this.#skipString()
    const written = this.#bytes.toString('utf8', from, this.#at)
    const value = escapes === 'none' ? written.slice(1, -1) : parsed(written)
    // JSON itself reads other escapes than the ones it writes.
    if (value === undefined || (escapes === 'others' && JSON.stringify(value) !== written)) this.#refuse()
    return value as string
  }

  /** Strings with commas between them up to `end`, each greater than the one before; after each comes what `visit` reads. */
  sortedStrings(end: string, visit: (text: string) => void): void {
    if (this.#take(end)) return
    let before: string | null = null
    do {
      const text = this.string()
      if (before !== null && text <= before) this.#refuse()
      before = text
      visit(text)
    } while (this.#take(','))
    this.expect(end)
  }

  #take(text: string): boolean {
    for (let i = 0; i < text.length; i++) if (this.#bytes[this.#at + i] !== text.charCodeAt(i)) return false
    this.#at += text.length
    return true
  }

  /** Goes past the closing quote. @returns what is escaped: only quotes and backslashes, which have one way to be written */
  #skipString(): 'none' | 'quotes' | 'others' {
    const bytes = this.#bytes
    let [escaped, others] = [false, false]
    let at = this.#at
    for (; at < bytes.length && bytes[at] !== quote; at++) {
      if (bytes[at]! < blank!) others = true
      if (bytes[at] !== backslash) continue
      escaped = true
      at++
      if (bytes[at] !== quote && bytes[at] !== backslash) others = true
    }
    if (at >= bytes.length) this.#refuse()
    this.#at = at + 1
    return others ? 'others' : escaped ? 'quotes' : 'none'
  }
}

/** Undefined when it is no string. */
function parsed(text: string): string | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
