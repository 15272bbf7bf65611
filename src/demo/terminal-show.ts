import pc from 'picocolors'
import type { Outcome, Show } from './show.js'
import { wrap } from './wrap.js'

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const frameMs = 80
const widest = 100

/** The part of a terminal that is used here. */
export interface Terminal {
  readonly columns: number
  write(text: string): unknown
}

/** Steps with a mark, the present one redrawn in place, and a box at the end. */
export class TerminalShow implements Show {
  readonly #terminal: Terminal
  readonly #now: () => number
  readonly #colours = pc.createColors(pc.isColorSupported)
  #begunAt = 0
  #text = ''
  #live: () => string = () => ''
  #frame = 0
  #timer: NodeJS.Timeout | null = null

  constructor(terminal: Terminal, now: () => number) {
    this.#terminal = terminal
    this.#now = now
  }

  title(lines: readonly string[]): void {
    const [first = '', ...rest] = lines
    const body = rest
      .flatMap((line) => wrap(line, this.#width - 4))
      .map((line) => this.#colours.dim(`  ${line}`))
    this.#terminal.write(['', this.#colours.bold(`  ${first}`), ...body, '', ''].join('\n'))
  }

  begin(text: string, live: () => string = () => ''): void {
    this.#text = text
    this.#live = live
    this.#begunAt = this.#now()
    this.#terminal.write('\u001b[?25l')
    this.#draw()
    this.#timer = setInterval(() => this.#draw(), frameMs)
  }

  done(text: string, notes: readonly string[] = []): void {
    this.#settle(this.#colours.green('✔'), text)
    for (const note of notes) this.#note(note)
  }

  end({ isGood, heading, rows, notes }: Outcome): void {
    if (this.#timer) this.#settle(this.#colours.red('✘'), this.#text)
    const { green, red, bold } = this.#colours
    const paint = isGood ? green : red
    const inner = this.#width - 6
    const label = Math.max(0, ...rows.map(([text]) => text.length)) + 2
    const lines = [
      ...wrap(heading, inner).map((line) => ({ line, painted: bold(paint(line)) })),
      ...(rows.length > 0 ? [{ line: '', painted: '' }] : []),
      ...rows.flatMap(([text, value]) =>
        wrap(value, inner - label).map((part, index) => {
          const head = (index === 0 ? text : '').padEnd(label)
          return { line: head + part, painted: this.#colours.dim(head) + part }
        }),
      ),
      ...notes.flatMap((note) => wrap(note, inner)).map((line) => ({ line, painted: line })),
    ]
    const width = Math.max(0, ...lines.map(({ line }) => line.length))
    const side = paint('│')
    const body = lines.map(
      ({ line, painted }) => `  ${side} ${painted}${' '.repeat(width - line.length)} ${side}`,
    )
    const edge = '─'.repeat(width + 2)
    const box = [`  ${paint(`╭${edge}╮`)}`, ...body, `  ${paint(`╰${edge}╯`)}`]
    this.#terminal.write(`\n${box.join('\n')}\n\n`)
  }

  /** Leaves the terminal as it was; a step that was interrupted stays, marked as such. */
  close(): void {
    if (this.#timer) this.#settle(this.#colours.yellow('–'), this.#text)
    this.#terminal.write('\u001b[?25h')
  }

  get #width(): number {
    return Math.min(widest, Math.max(40, this.#terminal.columns || 80))
  }

  #draw(): void {
    this.#frame = (this.#frame + 1) % frames.length
    const live = this.#live()
    const room = this.#width - 4
    const text = cut(this.#text, room)
    // The counters have a line of their own when there is no room beside the step.
    const beside = live && text.length + live.length + 3 <= room
    const rest = live ? this.#colours.cyan(beside ? `   ${live}` : `\n    ${cut(live, room - 2)}`) : ''
    const back = live && !beside ? '\u001b[1A' : ''
    this.#terminal.write(`\r\u001b[J  ${this.#colours.cyan(frames[this.#frame]!)} ${text}${rest}${back}\r`)
  }

  #settle(mark: string, text: string): void {
    if (this.#timer) clearInterval(this.#timer)
    this.#timer = null
    const time = `${((this.#now() - this.#begunAt) / 1_000).toFixed(1)} s`
    const lines = wrap(text, this.#width - 14)
    const padded = lines.map((line, index) =>
      index === 0 ? line.padEnd(this.#width - 12) + this.#colours.dim(time.padStart(7)) : `    ${line}`,
    )
    this.#terminal.write(`\r\u001b[J  ${mark} ${padded.join('\n')}\n\u001b[?25h`)
  }

  #note(note: string): void {
    for (const line of wrap(note, this.#width - 6)) this.#terminal.write(`    ${this.#colours.dim(line)}\n`)
  }
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, Math.max(0, length - 1))}…`
}
