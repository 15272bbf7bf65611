import { stripVTControlCharacters } from 'node:util'

/** The terminal that a person watches: lines go by, and the newest drawing is replaced where it stands. */
export class Screen {
  readonly #stream: NodeJS.WriteStream
  /** Of the drawing that nothing was written after; 0 for none. */
  #drawnRows = 0

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
  }

  get columns(): number {
    return this.#stream.columns
  }

  get rows(): number {
    return this.#stream.rows
  }

  /** @param text whole lines, each with its line end */
  write(text: string): void {
    this.#drawnRows = 0
    this.#stream.write(text)
  }

  draw(lines: readonly string[]): void {
    this.erase()
    this.#stream.write(`${lines.join('\n')}\n`)
    this.#drawnRows = lines.reduce((rows, line) => rows + this.#rowsOf(line), 0)
  }

  /** Takes the drawing away, unless something was written after it or it has scrolled out of reach. */
  erase(): void {
    const rows = this.#drawnRows
    this.#drawnRows = 0
    if (rows > 0 && rows < this.rows) this.#stream.write(`\u001b[${rows}A\u001b[J`)
  }

  /** A line that is wider than the screen takes several. */
  #rowsOf(line: string): number {
    return Math.max(1, Math.ceil(stripVTControlCharacters(line).length / this.columns))
  }
}
