import type { LiveHost } from './ports/index.js'

/**
 * How many tenants each host is to have: filled like water into vessels of their capacities, so that nobody has more
 * than one above anybody who has room. What does not divide goes to those that have most already: at rest, nothing
 * moves. The sum is `wanted`, or all capacities when they are less.
 */
export function sharesOf(hosts: readonly LiveHost[], wanted: number): Map<string, number> {
  const shares = new Map<string, number>()
  const smallestFirst = [...hosts].sort((a, b) => compare(a.capacity, b.capacity))
  let left = wanted
  while (smallestFirst.length > 0) {
    const level = Math.floor(left / smallestFirst.length)
    const [smallest] = smallestFirst as [LiveHost]
    if (smallest.capacity > level) break
    shares.set(smallest.owner, smallest.capacity)
    left -= smallest.capacity
    smallestFirst.shift()
  }
  // Who is left has room for the level and for one more.
  const level = Math.floor(left / smallestFirst.length)
  const fullestFirst = smallestFirst.sort((a, b) => b.leases - a.leases || compare(a.owner, b.owner))
  for (const [at, { owner }] of fullestFirst.entries())
    shares.set(owner, level + (at < left - level * smallestFirst.length ? 1 : 0))
  return shares
}

/** Sessions that all hosts together may have. */
export function capacityOf(hosts: readonly LiveHost[]): number {
  return hosts.reduce((sum, { capacity }) => sum + capacity, 0)
}

function compare<T extends number | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0
}
