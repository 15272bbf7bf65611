/** The terminal that a person watches: lines go by, and the newest drawing is replaced where it stands. */
export class Screen {
  readonly #stream: NodeJS.WriteStream
  /** Of the drawing that nothing was written after; 0 for none. */
  #drawnLines = 0

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
  }

  get columns(): number {
    return this.#stream.columns
  }

  /** @param text whole lines, each with its line end */
  write(text: string): void {
    this.#drawnLines = 0
    this.#stream.write(text)
  }

  draw(lines: readonly string[]): void {
    this.erase()
    this.#stream.write(`${lines.join('\n')}\n`)
    this.#drawnLines = lines.length
  }

  /** Takes the drawing away, unless something was written after it or it has scrolled out of reach. */
  erase(): void {
    const lines = this.#drawnLines
    this.#drawnLines = 0
    if (lines > 0 && lines < this.#stream.rows) this.#stream.write(`\u001b[${lines}A\u001b[J`)
  }
}
