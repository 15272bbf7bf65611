import { describe, expect, it } from 'vitest'
// @ts-expect-error A script without types.
import { assumptions, fleetOf } from '../../bench/scaling.mjs'

const units = {
  cpuMs: { one: 1, twenty: 2.9 },
  bytes: { one: 1_000, twenty: 20_000 },
  snapshotBytes: 100_000,
  kbPerTenant: 80,
}
/** A backup every 20 s and nothing else that is not whole. */
const given = {
  ...assumptions,
  secondsBetweenBursts: 19,
  secondsToUpload: 1,
  filesABurst: 2,
  filesACumulative: 20,
  deltasACumulative: 60,
  secondsKeptWhole: 900,
}
const fleet = fleetOf(72_000, units, given)

describe('a fleet of 72,000 tenants with a burst every 20 s', () => {
  it('uploads 3,600 times a second, and lists and deletes 120 times', () => {
    expect(fleet.uploadsPerSecond).toBe(3_600)
    expect(fleet.requestsPerSecond).toBe(3_600 + 2 * 120)
    expect(fleet.storeShare).toBe(12)
  })

  it('sends 3,520 deltas of two files, 60 cumulatives of twenty and 20 snapshots a second', () => {
    const aSecond = 3_520 * 2_000 + 60 * 20_000 + 20 * 100_000
    expect(fleet.gbUpAMonth).toBeCloseTo((aSecond * 30 * 86_400) / 1e9, 6)
  })

  it('stores 31 snapshots of each tenant and 45 deltas', () => {
    expect(fleet.gbStored).toBeCloseTo((72_000 * (31 * 100_000 + 45 * 2_000)) / 1e9, 6)
  })

  it('fetches a snapshot, a cumulative and 30 deltas of each tenant with each deploy', () => {
    expect(fleet.gbDownAMonth).toBeCloseTo((4 * 72_000 * (100_000 + 20_000 + 30 * 2_000)) / 1e9, 6)
  })

  it('asks the database once a commit at 12.5 a second and host, but for those that share, and 1.2 times a host', () => {
    expect(fleet.hosts).toBe(288)
    expect(fleet.statementsPerSecond).toBeCloseTo(3_600 / (1 + 12.5 * 0.011) + 288 * 1.2, 6)
    expect(fleet.connections).toBe(288 * 5)
  })

  it('takes 1.1 ms of CPU a backup of two files, and 80 KB a tenant', () => {
    expect(fleet.cpuCores).toBeCloseTo(3_600 * 0.0011, 6)
    expect(fleet.memoryGb).toBeCloseTo(5.76, 6)
  })

  it('costs what its uploads do where they are billed', () => {
    expect(fleet.dollarsPuts).toBeCloseTo(3_600 * 30 * 86_400 * 5e-6, 6)
  })
})

it('the statements of a burst are shared: a commit more costs less the more there are', () => {
  const share = (tenantsPerHost: number) => {
    const { statementsPerSecond, hosts, uploadsPerSecond } = fleetOf(72_000, units, {
      ...given,
      tenantsPerHost,
    })
    return (statementsPerSecond - hosts * given.statementsPerHost) / uploadsPerSecond
  }
  expect(share(2_000)).toBeLessThan(share(250) * 0.6)
})
