import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { handOver } from './hand-over.mjs'
import { outage } from './outage.mjs'
import { Scene } from './scene.mjs'
import { twoOwners } from './two-owners.mjs'

const runner = fileURLToPath(new URL('../support/run-typescript.mjs', import.meta.url))
const standIn = fileURLToPath(new URL('../stores/stand-in/main.ts', import.meta.url))
const kinds = { twoOwners, handOver, outage }

/** The scenarios that need more than a kill, spread over the kills of a run. */
export class Scenarios {
  #shared
  #kills
  #total
  #waiting
  #stage = null
  #playing = new Set()

  /** @param shared as a lane's  @param plan `{ rounds, kills }`: a round is one of each */
  constructor(shared, { rounds, kills }) {
    this.#shared = shared
    this.#kills = kills
    this.#waiting = Array.from({ length: rounds }, () => Object.keys(kinds)).flat()
    this.#total = this.#waiting.length
    // Begun now: the first start of a database takes seconds.
    if (rounds > 0) this.#stage = openStage(shared)
  }

  /** The next one, to be called with the lane's random numbers, when it is due; null when it is not. */
  next({ left }) {
    const share = this.#kills === 0 ? 1 : 1 - left / this.#kills
    const begun = this.#total - this.#waiting.length
    if (this.#waiting.length === 0 || begun >= Math.ceil(this.#total * share)) return null
    const kind = this.#waiting.shift()
    return (random) => this.#play(kind, begun, random)
  }

  async close() {
    await Promise.all([...this.#playing].map((scene) => scene.close()))
    const stage = await this.#stage
    await stage?.close()
  }

  async #play(kind, number, random) {
    const even = random() < 0.5
    // While the store is away, `sendAfterBackup` keeps every message waiting for its limit: as it says.
    const sendAfterBackup = kind === 'outage' ? false : (this.#shared.sendAfterBackup ?? even)
    const round = Math.floor(number / Object.keys(kinds).length)
    const options = { number, round, kind: kind.toLowerCase(), random, sendAfterBackup }
    const scene = await Scene.open(this.#shared, await this.#stage, options)
    this.#playing.add(scene)
    try {
      await kinds[kind](scene)
      scene.say('over')
    } finally {
      this.#playing.delete(scene)
      await scene.close()
    }
  }
}

/** A registry in PostgreSQL and a store's server in a process of its own, shared by all scenarios of a run. */
async function openStage({ base, project }) {
  const registry = project.pgliteRegistry({ path: join(base, 'scenes-registry') })
  await registry.open()
  const server = spawn(process.execPath, [runner, standIn], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(createInterface({ input: server.stdout }), 'line')
  const { url, serviceKey: key, bucket } = JSON.parse(line)
  const store = project.supabaseStore({ url, key, bucket })
  const close = async () => {
    await store.close()
    await registry.close()
    const gone = once(server, 'exit')
    server.kill('SIGTERM')
    await gone
  }
  return { registry, store, storeUrl: url, key, bucket, close }
}
