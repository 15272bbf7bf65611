/**
 * Runs `run` for every item, at most `limit` at once; results in the order of the items. The first failure rejects,
 * after what was running has ended, and starts nothing more.
 */
export async function inParallel<T, R>(
  items: readonly T[],
  limit: number,
  run: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length)
  let next = 0
  let failure: { error: unknown } | null = null
  const work = async () => {
    while (next < items.length && failure === null) {
      const index = next++
      try {
        results[index] = await run(items[index]!, index)
      } catch (error) {
        failure ??= { error }
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(Math.max(1, limit), items.length) }, work))
  if (failure !== null) throw (failure as { error: unknown }).error
  return results
}
