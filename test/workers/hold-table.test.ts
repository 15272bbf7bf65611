import { describe, expect, it } from 'vitest'
import { HoldTable } from '../../src/workers/hold-table.js'
import { VirtualClock } from '../support/virtual-clock.js'

describe('which worker may touch a folder', () => {
  const table = () => {
    const clock = new VirtualClock(0)
    const holds = new HoldTable(clock, 5_000)
    const said: string[] = []
    const take = (worker: number, tenantId: string) =>
      holds.take(worker, tenantId, (granted) => void said.push(`${worker} ${tenantId} ${granted}`))
    return { clock, holds, said, take }
  }

  it('is the first that asks, again and again', () => {
    const { said, take } = table()
    take(1, 'a')
    take(1, 'a')
    take(2, 'b')
    expect(said).toEqual(['1 a true', '1 a true', '2 b true'])
  })

  it('is another one when the first has left it', () => {
    const { holds, said, take } = table()
    take(1, 'a')
    take(2, 'a')
    expect(said).toEqual(['1 a true'])
    holds.giveBack(2, 'a')
    expect(holds.holderOf('a')).toBe(1)
    holds.giveBack(1, 'a')
    expect(said).toEqual(['1 a true', '2 a true'])
    expect(holds.holderOf('a')).toBe(2)
  })

  it('is another one when the process of the first has ended, and not one that has ended while it waited', () => {
    const { holds, said, take } = table()
    take(1, 'a')
    take(2, 'a')
    take(3, 'a')
    holds.gone(2)
    holds.gone(1)
    expect(said).toEqual(['1 a true', '3 a true'])
    holds.gone(3)
    expect(holds.holderOf('a')).toBeNull()
  })

  it('is told to whoever waits too long, and only once', () => {
    const { clock, holds, said, take } = table()
    take(1, 'a')
    take(2, 'a')
    clock.step()
    expect(clock.now()).toBe(5_000)
    expect(said).toEqual(['1 a true', '2 a false'])
    holds.giveBack(1, 'a')
    expect(said).toHaveLength(2)
    expect(holds.holderOf('a')).toBeNull()
  })
})
