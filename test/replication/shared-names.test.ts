import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { payloadBytes } from '../../src/replication/payload.js'
import { readPayload } from '../../src/replication/read-payload.js'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

it('names that many sessions have are in memory once', () => {
  const names = Array.from({ length: 800 }, (_, n) => `pre-key-${n}.json`)
  const plain = payloadBytes(new Map(names.map((name) => [name, '{}'])))
  const read = () => [...readPayload(plain, (reason) => expect.unreachable(reason)).changes.keys()]
  const kept = [read()]
  const before = heapUsed()
  while (kept.length < 200) kept.push(read())
  const perSession = (heapUsed() - before) / (kept.length - 1)
  expect(kept.at(-1)).toEqual(names.sort())
  // A list of 800 places. The texts themselves would be 50 KB more.
  expect(perSession).toBeLessThan(20_000)
})

function heapUsed(): number {
  for (let n = 0; n < 3; n++) collectGarbage()
  return process.memoryUsage().heapUsed
}
