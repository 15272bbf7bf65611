/** What a scrape exposes: sample name → its labels. */
export function samplesOf(text: string): Map<string, Set<string>> {
  const samples = new Map<string, Set<string>>()
  for (const line of text.split('\n')) {
    const found = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line)
    if (!found || line.startsWith('#')) continue
    const labels = samples.get(found[1]!) ?? new Set()
    for (const [, label] of (found[2] ?? '').matchAll(/([a-zA-Z_]\w*)="(?:[^"\\]|\\.)*"/g)) labels.add(label!)
    samples.set(found[1]!, labels)
  }
  return samples
}

/** The value of one series; undefined when it is not there. */
export function seriesValue(text: string, series: string): number | undefined {
  const line = text.split('\n').find((each) => each.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length + 1))
}
