import { describe, expect, it } from 'vitest'
import { memoryStore, SessionError, supervisorMetrics } from '../../src/index.js'
import { definitions } from '../../src/metrics/index.js'
import { startServer } from '../server/setup.js'
import { samplesOf, seriesValue } from './exposition.js'

const token = 'a-token-of-some-length'
const bearer = { headers: { authorization: `Bearer ${token}` } }

async function scraped(server: Awaited<ReturnType<typeof startServer>>, ask = {}): Promise<string> {
  return (await server.ask('/metrics', ask)).json as unknown as string
}

describe('GET /metrics', () => {
  it('needs the token when there is one, and is Prometheus text', async () => {
    const { ask } = await startServer({ token })
    expect((await ask('/metrics')).status).toBe(401)
    const answer = await ask('/metrics', bearer)
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
  })

  it('exposes every defined metric with its labels from the first scrape on, and no other', async () => {
    const samples = samplesOf(await scraped(await startServer()))
    const exposed = new Set([...samples.keys()].map((name) => name.replace(/_(bucket|sum|count)$/, '')))
    expect([...exposed].sort()).toEqual(Object.keys(definitions).sort())
    for (const [name, { type, labels = [] }] of Object.entries(definitions)) {
      const sample = type === 'histogram' ? `${name}_bucket` : name
      const expected = type === 'histogram' ? ['le', ...(labels as string[])] : labels
      expect([name, [...samples.get(sample)!].sort()]).toEqual([name, [...expected].sort()])
    }
  })

  it('counts what happened: pairing, commits, disconnects, ends', async () => {
    const server = await startServer()
    const session = await server.connected('a')
    await server.connected('b')
    const connection = await server.link.connection('a')
    connection.close(428)
    await session.waitFor('connected', { timeoutMs: 1 }).catch(() => {})
    await server.supervisor.stop('b')
    const text = await scraped(server)
    const values = Object.fromEntries(
      [
        'tenants{status="DISCONNECTED"}',
        'generations_committed_total{kind="snapshot"}',
        'rpo_seconds_count',
        'upload_seconds_count',
        'disconnects_total{code="428"}',
        'sessions_ended_total{reason="stopped"}',
        'lease_changes_total{change="acquired"}',
      ].map((series) => [series, seriesValue(text, `session_supervisor_${series}`)]),
    )
    expect(values).toMatchObject({
      'tenants{status="DISCONNECTED"}': 1,
      'generations_committed_total{kind="snapshot"}': 2,
      // b's socket was closed as well.
      'disconnects_total{code="428"}': 2,
      'sessions_ended_total{reason="stopped"}': 1,
      'lease_changes_total{change="acquired"}': 2,
    })
    expect(values.rpo_seconds_count).toBe(values.upload_seconds_count)
  })

  it('tells what no backup covers while the store is away, and how backups fail', async () => {
    const store = memoryStore()
    const put = store.put.bind(store)
    const server = await startServer({ store })
    const session = await server.connected('a')
    store.put = () => Promise.reject(new SessionError('unavailable', 'It is down; try again later.'))
    const connection = await server.link.connection('a')
    const batch = new Map([
      ['pre-key-7.json', '{"a":1}'],
      ['session-1.json', '{"a":1}'],
    ])
    await connection.write(batch)
    await expect(session.backupNow()).rejects.toMatchObject({ code: 'unavailable' })
    const text = await scraped(server)
    expect(seriesValue(text, 'session_supervisor_unprotected_changes')).toBe(2)
    expect(seriesValue(text, 'session_supervisor_unprotected_pre_keys')).toBe(1)
    expect(seriesValue(text, 'session_supervisor_unprotected_tenants')).toBe(1)
    expect(
      seriesValue(text, 'session_supervisor_backups_failed_total{code="unavailable"}'),
    ).toBeGreaterThanOrEqual(1)
    store.put = put
    await session.backupNow()
    expect(seriesValue(await scraped(server), 'session_supervisor_unprotected_changes')).toBe(0)
  })

  it('names no tenant and no number, however many there are', async () => {
    const server = await startServer()
    const series = async () => (await scraped(server)).split('\n').length
    const before = await series()
    await server.connected('tenant-with-a-name', '628120005678')
    const text = await scraped(server)
    // Without the values: four digits of a number may stand in any of them.
    expect(text.replaceAll(/ \S+$/gm, '')).not.toMatch(/tenant-with-a-name|5678/)
    expect(await series()).toBe(before)
  })
})

describe('supervisorMetrics', () => {
  it('counts from the call on, also while it is still being loaded, and stops when it is closed', async () => {
    const { supervisor, connected } = await startServer()
    const made = supervisorMetrics(supervisor)
    await connected('a')
    const metrics = await made
    const acquired = 'session_supervisor_lease_changes_total{change="acquired"}'
    expect(seriesValue(await metrics.text(), acquired)).toBe(1)
    metrics.close()
    await connected('b')
    expect(seriesValue(await metrics.text(), acquired)).toBeUndefined()
  })
})
