/** What a child writes before it is killed, so that the parent can work out what should be there. */
export function batchOf(seed: number, n: number): Map<string, string | null> {
  const random = generator(seed * 100_003 + n)
  const batch = new Map<string, string | null>()
  const size = n % 3 === 0 ? 150 : 1 + Math.floor(random() * 5)
  for (let i = 0; i < size; i++) {
    const name =
      size > 5 ? `pre-key-${Math.floor(random() * 300)}.json` : `session-${Math.floor(random() * 20)}.json`
    const content = JSON.stringify({ seed, n, i, filler: 'x'.repeat(Math.floor(random() * 900)) })
    batch.set(name, random() < 0.2 ? null : content)
  }
  batch.set('creds.json', JSON.stringify({ noiseKey: {}, seed, n }))
  return batch
}

/** Between which batches a backup is taken and noted as committed. */
export const capturesAfter = (n: number) => n % 4 === 0
export const savesAfter = (n: number) => n > 4 && n % 4 === 2

/** mulberry32 */
function generator(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
