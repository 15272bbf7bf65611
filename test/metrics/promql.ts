/** A metric that an expression asks for, with every label that it names of it. */
export interface Asked {
  readonly name: string
  readonly labels: readonly string[]
}

const words = new Set(
  'by without on ignoring group_left group_right and or unless offset bool inf nan'.split(' '),
)

/** What a PromQL expression asks for; grouping labels count for every metric in it. Enough of the language for `ops`. */
export function askedBy(expression: string): Asked[] {
  const grouped: string[] = []
  const bare = expression
    // Durations and grouping lists are no metrics.
    .replaceAll(/\[[^\]]*\]/g, '')
    .replaceAll(/\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g, (_, list: string) => {
      grouped.push(...list.split(',').map((label) => label.trim()))
      return ''
    })
  const asked: Asked[] = []
  const term = /"(?:[^"\\]|\\.)*"|([a-zA-Z_:][\w:]*)\s*(\{[^}]*\}|\()?/g
  for (const [, name, after = ''] of bare.matchAll(term)) {
    if (name === undefined || words.has(name) || after === '(') continue
    const matched = [...after.matchAll(/([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)\s*"/g)].map(([, label]) => label!)
    asked.push({ name, labels: matched })
  }
  return asked.map(({ name, labels }) => ({ name, labels: [...new Set([...labels, ...grouped])] }))
}
