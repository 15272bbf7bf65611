import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** Shorter texts and byte strings are no keys, and would be found anywhere. */
const shortestKeyBytes = 16
const shortestText = 20

/** Every form in which a key might be printed, by where it is kept. */
export class Secrets {
  readonly #forms = new Map<string, string>()

  get count(): number {
    return this.#forms.size
  }

  /** A text that must not be printed as it is. */
  text(where: string, text: string): void {
    if (text.length > 0) this.#forms.set(text, where)
  }

  /** Everything in the key files of a folder that is long enough to be a key. */
  folder(folder: string): void {
    const names = readdirSync(folder).filter((name) => name.endsWith('.json'))
    for (const name of names)
      this.#value(name.replace(/-.*/, ''), JSON.parse(readFileSync(path.join(folder, name), 'utf8')))
  }

  /** Where something in `output` is kept that must not be in it; with a little around it that tells no more. */
  in(output: string): string[] {
    const plain = output.toLowerCase()
    return [...this.#forms]
      .filter(([form]) => output.includes(form) || (isHex(form) && plain.includes(form)))
      .map(([form, where]) => `${where} (${form.length} characters)`)
  }

  #value(where: string, value: unknown): void {
    if (typeof value === 'string') this.#string(where, value)
    if (typeof value !== 'object' || value === null) return
    for (const [name, inner] of Object.entries(value)) {
      // A ratchet's chains are kept under keys.
      this.#string(`a name in ${where}`, name)
      this.#value(Array.isArray(value) ? where : `${where}.${name.slice(0, shortestText - 1)}`, inner)
    }
  }

  #string(where: string, text: string): void {
    if (text.length < shortestText) return
    this.text(where, text)
    if (!/^[A-Za-z0-9+/_-]+=*$/.test(text)) return
    const bytes = Buffer.from(text, 'base64')
    if (bytes.length < shortestKeyBytes) return
    const hex = bytes.toString('hex')
    this.text(`${where} in hex`, hex)
    this.text(`${where} in base64url`, bytes.toString('base64url'))
    this.text(`${where} in base64`, bytes.toString('base64').replace(/=+$/, ''))
    // As console.log and JSON.stringify print bytes; a long Buffer is cut, a key is not.
    this.text(`${where} as a Buffer`, hex.replace(/..(?!$)/g, '$& '))
    this.text(`${where} as numbers`, [...bytes].join(','))
  }
}

function isHex(form: string): boolean {
  return /^[0-9a-f ]+$/.test(form)
}
