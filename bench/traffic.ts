import type { Files } from './sessions.js'

/** Writes one file of a tenant, as Baileys would. */
export type Writer = (name: string, content: string) => unknown

/**
 * Each tenant changes a file a second, another one each time, evenly spread. Writes are due at fixed times, so that a
 * process that falls behind does not slow its own load down. What is called again goes on where it stopped: the same
 * content twice would be no change.
 * @param contents sets of the same files with different contents
 * @returns what does it for so many seconds, and tells how many writes it made
 */
export function trafficOf(
  writers: readonly Writer[],
  contents: readonly Files[],
): (seconds: number) => Promise<number> {
  const names = [...contents[0]!.keys()]
  let written = 0
  const write = () => {
    const tenant = written % writers.length
    const turn = Math.floor(written / writers.length) + tenant
    const name = names[turn % names.length]!
    writers[tenant]!(name, contents[turn % contents.length]!.get(name)!)
    written++
  }
  return async (seconds) => {
    const startedAt = performance.now()
    const [from, all] = [written, writers.length * seconds]
    while (written < from + all) {
      const passed = (performance.now() - startedAt) / 1_000
      const due = from + Math.min(all, Math.floor(passed * writers.length))
      while (written < due) write()
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    return all
  }
}
