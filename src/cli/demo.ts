import { outcomeOf } from '../demo/outcome.js'
import { plainShow } from '../demo/plain-show.js'
import { Scenario } from '../demo/scenario.js'
import type { Show } from '../demo/show.js'
import { Stage } from '../demo/stage.js'
import { TerminalShow } from '../demo/terminal-show.js'

const watchdogMs = 120_000
const interrupted = { SIGINT: 130, SIGTERM: 143 } as const

const title = [
  'WhatsApp sessions that survive their host',
  "Simulated: WhatsApp's servers and phones, on 127.0.0.1. Real: Baileys, the encryption, the processes, SIGKILL, the backups, PostgreSQL (embedded).",
  'A host has a disk, which is lost with it. What stays is a directory of objects and the registry: in production, Supabase Storage and Supabase PostgreSQL.',
]

/**
 * Pairs three tenants on one host, kills it in the middle of traffic, deletes its disk, and goes on on another one.
 * Returns the exit code: 0 only when every promise was kept, 1 otherwise.
 */
export async function runDemo(options: { json: boolean; keep?: boolean }): Promise<number> {
  const now = () => performance.now()
  const terminal = process.stdout.isTTY ? new TerminalShow(process.stdout, now) : null
  const show = terminal ?? plainShow((text) => process.stdout.write(text), now)
  show.title(title)
  const end = endings()
  const over = new AbortController()
  let stage: Stage | null = null
  try {
    stage = await Stage.set({ keep: options.keep ?? false })
    const scenario = new Scenario({ stage, show, random: Math.random, aborted: over.signal })
    const figures = await Promise.race([scenario.play(), end.early])
    if (typeof figures === 'number') return figures
    const outcome = outcomeOf(figures)
    show.end({ ...outcome, notes: options.keep ? ['', `The files are in ${stage.base}.`] : outcome.notes })
    await stage.strike()
    stage = null
    if (options.json) process.stdout.write(`${JSON.stringify(figures)}\n`)
    return outcome.isGood ? 0 : 1
  } catch (error) {
    return fail(show, error)
  } finally {
    end.forget()
    over.abort()
    terminal?.close()
    await stage?.strike()
  }
}

function fail(show: Show, error: unknown): number {
  const message = error instanceof Error ? error.message : String(error)
  show.end({ isGood: false, heading: `The demo could not be finished. ${message}`, rows: [], notes: [] })
  return 1
}

/** What ends the demo before its time: Ctrl-C, SIGTERM (exit code as of a shell) and the watchdog. */
function endings(): { early: Promise<number>; forget(): void } {
  const undo: (() => void)[] = []
  const early = new Promise<number>((resolve, reject) => {
    for (const [signal, code] of Object.entries(interrupted)) {
      const onSignal = () => resolve(code)
      process.once(signal, onSignal)
      undo.push(() => process.off(signal, onSignal))
    }
    const timer = setTimeout(
      () =>
        reject(
          new Error(
            `It was not over after ${watchdogMs / 1_000} s and was ended. Is the machine overloaded?`,
          ),
        ),
      watchdogMs,
    )
    undo.push(() => clearTimeout(timer))
  })
  early.catch(() => {})
  return {
    early,
    forget: () => {
      for (const each of undo) each()
    },
  }
}
