import { describe, expect, it } from 'vitest'
import { VirtualClock } from './virtual-clock.js'

describe('the virtual clock', () => {
  it('runs timers by time, then by setting, chained ones included', async () => {
    const clock = new VirtualClock(0)
    const ran: string[] = []
    const at = (name: string) => () => void ran.push(`${name}@${clock.now()}`)
    clock.setTimeout(at('c'), 20)
    clock.setTimeout(at('a'), 10)
    clock.setTimeout(at('b'), 10)
    clock.clearTimeout(clock.setTimeout(at('never'), 5))
    clock.setTimeout(() => clock.setTimeout(at('chained'), 7), 8)
    await clock.advance(15)
    expect(ran).toEqual(['a@10', 'b@10', 'chained@15'])
    expect(clock.pending).toBe(1)
    await clock.advance(5)
    expect(ran.at(-1)).toBe('c@20')
    expect(clock.step()).toBe(false)
  })

  it('keeps the order of many timers', async () => {
    const clock = new VirtualClock(0)
    const ran: number[] = []
    for (let n = 0; n < 500; n++) {
      const delay = (n * 7919) % 101
      clock.setTimeout(() => ran.push(delay), delay)
    }
    await clock.advance(1_000)
    expect(ran).toHaveLength(500)
    expect(ran).toEqual([...ran].sort((a, b) => a - b))
  })
})
