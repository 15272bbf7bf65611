/** Small files read, written or stat'ed in one go, without other work of the process in between: below 2 ms. */
const filesPerSlice = 64

/** Calls `visit` for each item in short synchronous slices, so that no promise a file is made and no tenant waits long. */
export async function inSlices<T>(items: Iterable<T>, visit: (item: T) => void): Promise<void> {
  let done = 0
  for (const item of items) {
    if (done > 0 && done % filesPerSlice === 0) await new Promise((resume) => setImmediate(resume))
    visit(item)
    done++
  }
}
