import { directoryStore } from '../../src/stores/index.js'

/** As a process: puts objects one after another until it is killed, and tells each that was acknowledged. */
const [root = '', tenant = ''] = process.argv.slice(2)
const store = directoryStore({ path: root })
const body = Buffer.from(JSON.stringify('z'.repeat(200_000)))
const lane = async (name: string) => {
  for (let at = 0; ; at++) {
    const key = `${tenant}/generations/${name}-${String(at).padStart(6, '0')}.json`
    await store.put(key, body)
    process.stdout.write(`${key}\n`)
  }
}
await Promise.all(['a', 'b', 'c'].map(lane))
