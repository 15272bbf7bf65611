import { describe, expect, it } from 'vitest'
import { startSupervisor } from './support.js'

// Found by the simulation: two sessions of one tenant in one process fought over its folder and its lease.
describe('a tenant that is started more than once at a time', () => {
  it('has one session, whoever asks', async () => {
    const { supervisor, link } = await startSupervisor()
    const [first, second] = await Promise.all([supervisor.start('tenant'), supervisor.start('tenant')])
    expect(second).toBe(first)
    await first.waitFor('pairing')
    expect(link.requests).toHaveLength(1)
  })

  it('has one session when it is started while the tenants of the last run are brought up', async () => {
    const { supervisor, link } = await startSupervisor()
    const [started] = await Promise.all([supervisor.start('tenant'), supervisor.resume()])
    await started.waitFor('pairing')
    await supervisor.resume()
    expect(supervisor.get('tenant')).toBe(started)
    expect(link.requests).toHaveLength(1)
  })

  it('is refused when the shutdown was faster', async () => {
    const { supervisor } = await startSupervisor()
    const started = supervisor.start('tenant')
    void supervisor.shutdown()
    await expect(started).rejects.toMatchObject({ code: 'closed' })
    expect(supervisor.sessions.size).toBe(0)
  })
})
