import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { alertNames } from '../../src/alerts/alert.js'
import { allRules } from '../../src/alerts/rules/index.js'
import { SessionError } from '../../src/index.js'
import { defaultSettings } from '../../src/settings.js'
import { AlertRig } from './rig.js'

const minute = 60_000
const down = new SessionError('unavailable', 'It is down; try again later.')
const failed = (tenantId: string, error: unknown = down) =>
  ({ type: 'backup.failed', tenantId, error }) as const
const committed = (tenantId: string) =>
  ({
    type: 'generation.committed',
    tenantId,
    seq: 2,
    kind: 'delta',
    changes: 1,
    bytes: 1,
    ageMs: 1,
    uploadMs: 1,
  }) as const
const closed = (tenantId: string, code: number) => ({ type: 'link.closed', tenantId, code }) as const

describe('changes without a backup', () => {
  it('raise once after the limit, and resolve when there were none for a while', async () => {
    const rig = new AlertRig()
    rig.unprotected('a', 5 * minute)
    await rig.pass(minute)
    expect(rig.news()).toEqual([])
    rig.unprotected('a', 6 * minute)
    await rig.pass(10 * minute)
    expect(rig.news()).toEqual(['raised changes.unprotected a'])
    rig.unprotected('a', 0)
    await rig.pass(minute / 2)
    expect(rig.news()).toEqual([])
    await rig.pass(2 * minute)
    expect(rig.news()).toEqual(['resolved changes.unprotected a'])
  })

  it('do not flap: gone for a moment, the alert stays', async () => {
    const rig = new AlertRig()
    for (let round = 0; round < 5; round++) {
      rig.unprotected('a', 6 * minute)
      await rig.pass(minute)
      rig.unprotected('a', 0)
      await rig.pass(minute / 2)
    }
    expect(rig.news()).toEqual(['raised changes.unprotected a'])
  })

  it('are of connected sessions only, and not of a shutdown', async () => {
    const rig = new AlertRig()
    rig.unprotected('a', 60 * minute)
    rig.session('a', { status: 'RESTORING' })
    rig.unprotected('b', 60 * minute)
    rig.isShuttingDown = true
    await rig.pass(10 * minute)
    expect(rig.news()).toEqual([])
  })

  it('of more than ten tenants at once are one alert, which says how many', async () => {
    const rig = new AlertRig()
    for (let at = 0; at < 1_000; at++) rig.unprotected(`t-${at}`, 6 * minute)
    await rig.pass(minute)
    expect(rig.told).toMatchObject([{ tenantId: null, tenants: 1_000, state: 'raised' }])
    expect(rig.told[0]!.message).toMatch(/^1000 tenants, one of them: connected, and 3 changes/)
    rig.news()
    for (let at = 0; at < 1_000; at++) rig.unprotected(`t-${at}`, 0)
    await rig.pass(3 * minute)
    expect(rig.news()).toEqual(['resolved changes.unprotected -'])
  })
})

describe('backups', () => {
  it('that fail so many times in a row raise within seconds; one that succeeds in between begins anew', async () => {
    const rig = new AlertRig()
    rig.unprotected('a', 1_000)
    for (let count = 0; count < 4; count++) rig.fact(failed('a'))
    rig.fact(committed('a'))
    for (let count = 0; count < 4; count++) rig.fact(failed('a'))
    await rig.pass(2_000)
    expect(rig.news()).toEqual([])
    rig.fact(failed('a'))
    await rig.pass(2_000)
    expect(rig.news()).toEqual(['raised backup.failing a'])
    rig.fact(committed('a'))
    await rig.pass(3 * minute)
    expect(rig.news()).toEqual(['resolved backup.failing a'])
  })

  it('that fail seldom, but for long, raise too', async () => {
    const rig = new AlertRig()
    rig.unprotected('a', 1_000)
    rig.fact(failed('a'))
    await rig.pass(4 * minute)
    expect(rig.news()).toEqual([])
    await rig.pass(2 * minute)
    expect(rig.news()).toEqual(['raised backup.failing a'])
  })

  it('that fail for damaged files do so until an audit finds none, though nothing else is unsaved', async () => {
    const rig = new AlertRig()
    rig.session('a')
    rig.fact(failed('a', new SessionError('corrupt', 'Two files are damaged.')))
    await rig.pass(6 * minute)
    expect(rig.news()).toEqual(['raised backup.failing a'])
    rig.fact({ type: 'session.audited', tenantId: 'a', changed: 0, flawed: 0 })
    await rig.pass(3 * minute)
    expect(rig.news()).toEqual(['resolved backup.failing a'])
  })

  it('of a session that has ended are nobody’s business any more', async () => {
    const rig = new AlertRig()
    rig.unprotected('a', 1_000)
    for (let count = 0; count < 9; count++) rig.fact(failed('a'))
    rig.session('a', { result: { reason: 'stopped', unsaved: 1, lastError: null } })
    await rig.pass(10 * minute)
    expect(rig.news()).toEqual([])
  })
})

describe('restores', () => {
  it('that find damage raise at once, others after some', async () => {
    const rig = new AlertRig()
    for (const id of ['a', 'b']) rig.session(id, { status: 'RESTORING' })
    const corrupt = new SessionError('corrupt', 'It does not verify.')
    rig.fact({ type: 'restore.failed', tenantId: 'a', error: corrupt })
    rig.fact({ type: 'restore.failed', tenantId: 'b', error: down })
    await rig.pass(2_000)
    expect(rig.news()).toEqual(['raised restore.failing a'])
    await rig.pass(6 * minute)
    expect(rig.news()).toEqual(['raised restore.failing b'])
    for (const tenantId of ['a', 'b']) rig.fact({ type: 'session.kept', tenantId, unsaved: 0 })
    await rig.pass(3 * minute)
    expect(rig.news()).toEqual(['resolved restore.failing a', 'resolved restore.failing b'])
  })

  it('that fell back are told of for a while', async () => {
    const rig = new AlertRig()
    const restored = { seq: 3, files: 2, downloads: 2, durationMs: 1, fellBack: true, skippedSeqs: [4, 5] }
    rig.fact({ type: 'session.restored', tenantId: 'a', ...restored })
    rig.fact({ type: 'session.restored', tenantId: 'b', ...restored, fellBack: false })
    await rig.pass(2_000)
    expect(rig.told[0]!.message).toBe('an older backup was restored; 2 newer ones do not verify')
    expect(rig.news()).toEqual(['raised restore.fellBack a'])
    await rig.pass(15 * minute)
    expect(rig.news()).toEqual(['resolved restore.fellBack a'])
  })
})

describe('leases', () => {
  it('that are lost twice are a fight; once is not', async () => {
    const rig = new AlertRig()
    for (const id of ['a', 'b']) rig.session(id)
    rig.fact({ type: 'lease.lost', tenantId: 'a', epoch: 1 })
    rig.fact({ type: 'lease.lost', tenantId: 'b', epoch: 1 })
    rig.fact({ type: 'lease.lost', tenantId: 'b', epoch: 3 })
    await rig.pass(2_000)
    expect(rig.news()).toEqual(['raised lease.contended b'])
    await rig.pass(13 * minute)
    expect(rig.news()).toEqual(['resolved lease.contended b'])
  })

  it('that are waited for raise after long, not in a rolling restart', async () => {
    const rig = new AlertRig()
    for (const id of ['a', 'b']) rig.session(id, { status: 'RESTORING' })
    for (let waited = 0; waited < 6 * minute; waited += minute / 2) {
      rig.fact({ type: 'lease.refused', tenantId: 'a' })
      if (waited < minute) rig.fact({ type: 'lease.refused', tenantId: 'b' })
      else rig.fact({ type: 'lease.acquired', tenantId: 'b', epoch: 2 })
      await rig.pass(minute / 2)
    }
    expect(rig.news()).toEqual(['raised lease.contended a'])
  })
})

describe('a version of Baileys that WhatsApp refuses', () => {
  it('is one alert for the fleet', async () => {
    const rig = new AlertRig()
    rig.fact(closed('t-0', 405))
    rig.fact(closed('t-0', 405))
    rig.fact(closed('t-1', 428))
    await rig.pass(minute)
    expect(rig.news()).toEqual([])
    for (let at = 0; at < 500; at++) rig.fact(closed(`t-${at}`, 405))
    await rig.pass(9 * minute)
    expect(rig.told).toMatchObject([{ rule: 'fleet.outdated', tenantId: null, tenants: 0 }])
    rig.news()
    await rig.pass(13 * minute)
    expect(rig.news()).toEqual(['resolved fleet.outdated -'])
  })
})

describe('the disk', () => {
  it('is asked every two minutes, and must have clearly more room before it is enough again', async () => {
    const rig = new AlertRig()
    await rig.pass(10 * minute)
    expect(rig.diskReads).toBeLessThanOrEqual(5)
    rig.disk = { freeBytes: 4e9, totalBytes: 100e9 }
    await rig.pass(3 * minute)
    expect(rig.news()).toEqual(['raised disk.nearlyFull -'])
    rig.disk = { freeBytes: 5.5e9, totalBytes: 100e9 }
    await rig.pass(10 * minute)
    expect(rig.news()).toEqual([])
    rig.disk = { freeBytes: 7e9, totalBytes: 100e9 }
    await rig.pass(5 * minute)
    expect(rig.news()).toEqual(['resolved disk.nearlyFull -'])
  })

  it('that another process of the host looks at is not asked, and raises nothing', async () => {
    const rig = new AlertRig({}, { looksAtDisk: false })
    rig.disk = { freeBytes: 1, totalBytes: 100e9 }
    rig.unprotected('a', 6 * minute)
    await rig.pass(5 * minute)
    expect(rig.diskReads).toBe(0)
    expect(rig.news()).toEqual(['raised changes.unprotected a'])
  })

  it('that cannot be asked is logged, and raises nothing', async () => {
    const rig = new AlertRig()
    rig.disk = new Error('ENOSYS')
    await rig.pass(5 * minute)
    expect(rig.news()).toEqual([])
    expect(rig.lines.some(({ message }) => message.startsWith('it cannot be told how full'))).toBe(true)
  })
})

describe('an alert', () => {
  it('is a log line that says what happened and what to do, and one when it is over', async () => {
    const rig = new AlertRig()
    rig.unprotected('a', 6 * minute)
    await rig.pass(minute)
    rig.unprotected('a', 0)
    await rig.pass(3 * minute)
    expect(rig.lines).toMatchObject([
      {
        level: 'error',
        fields: { alert: 'changes.unprotected', tenantId: 'a' },
        message:
          'alert: connected, and 3 changes have had no backup for 360 s. Look whether the store and the registry answer (GET /readyz). Do not lose this disk until it is resolved.',
      },
      { level: 'info', fields: { alert: 'changes.unprotected' } },
    ])
  })

  it('has its row in docs/operations.md, with what to do', () => {
    const text = readFileSync(path.join(import.meta.dirname, '../../docs/operations.md'), 'utf8')
    const rows = [...text.matchAll(/^\| `([a-z]+\.[a-zA-Z]+)` +\| .+? +\| (.+?) +\|$/gm)]
    const documented = rows.map(([, name, advice]) => [name, advice])
    expect(documented).toEqual(allRules(defaultSettings).map(({ name, advice }) => [name, advice]))
    expect(documented.map(([name]) => name)).toEqual([...alertNames])
  })

  it('leaves no timer behind when the look-out is closed', async () => {
    const rig = new AlertRig()
    rig.fact(failed('a'))
    await rig.alerts.close()
    expect(rig.clock.pending).toBe(0)
  })
})
