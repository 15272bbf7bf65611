import type { Outcome, Show } from './show.js'

/** One line a step, for logs and pipes. */
export function plainShow(write: (text: string) => void, now: () => number): Show {
  let begunAt = now()
  const startedAt = begunAt
  const seconds = (since: number) => `${((now() - since) / 1_000).toFixed(1)} s`
  return {
    title(lines) {
      for (const line of lines) write(`${line}\n`)
    },
    begin() {
      begunAt = now()
    },
    done(text, notes = []) {
      write(`ok  ${text} (${seconds(begunAt)})\n`)
      for (const note of notes) write(`    ${note}\n`)
    },
    end({ heading, rows, notes, isGood }: Outcome) {
      write(`${isGood ? 'ok ' : 'NOT OK'} ${heading} (${seconds(startedAt)})\n`)
      const width = Math.max(0, ...rows.map(([label]) => label.length))
      for (const [label, value] of rows) write(`    ${label.padEnd(width)}  ${value}\n`)
      for (const note of notes) write(`    ${note}\n`)
    },
  }
}
