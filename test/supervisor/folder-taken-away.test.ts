import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { expect, it } from 'vitest'
import { startSupervisor, unpackSession } from './support.js'

const patient = { timeout: 20_000 }

// Found by deleting it below a running server. The audits that would find it are five minutes apart.
it('a session folder that is deleted below a running session is whole again after its next step', async () => {
  const { supervisor, link, sessionPath } = await startSupervisor()
  const folder = await unpackSession(sessionPath, 'tenant')
  const session = await supervisor.start('tenant')
  await session.waitFor('connected')
  await session.backupNow()
  const before = new Map(keyFiles(folder).map((name) => [name, readFileSync(`${folder}/${name}`, 'utf8')]))

  rmSync(folder, { recursive: true })
  await link.files('tenant').write(new Map([['session-1.0.json', '{"step":2}']]))
  before.set('session-1.0.json', '{"step":2}')
  await expect.poll(() => keyFiles(folder).length, patient).toBe(before.size)
  for (const [name, content] of before) expect(readFileSync(`${folder}/${name}`, 'utf8')).toBe(content)
  await expect.poll(() => session.unprotected.changes, patient).toBe(0)
  expect(session.generation).toBe(2)
})

function keyFiles(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith('.json'))
}
