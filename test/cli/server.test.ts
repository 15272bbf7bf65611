import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startLoopback } from '../../src/loopback/index.js'
import { emptyFolder, runCli, startCli } from './run.js'

const token = 'a-token-of-some-length'

/** A WhatsApp for processes of the command line: its address, and what makes them trust it. */
async function whatsapp(cwd: string) {
  const wa = await startLoopback()
  onTestFinished(() => wa.close())
  const preload = path.join(cwd, 'trust.mjs')
  const loopback = pathToFileURL(path.resolve('dist/src/loopback/index.js')).href
  await writeFile(
    preload,
    `import { trustLoopback } from ${JSON.stringify(loopback)}\ntrustLoopback('${wa.rootPublicKey}')\n`,
  )
  const env = { WHATSAPP_SOCKET_URL: wa.url, DATABASE_URL: 'memory:', DASHBOARD_TOKEN: token }
  return { wa, options: { cwd, preload, env } }
}

describe('a server of the command line', () => {
  it('pairs a tenant, stops in order on SIGTERM, and brings it back without a code', async () => {
    const cwd = await emptyFolder()
    const { wa, options } = await whatsapp(cwd)
    const { server, url } = await startCli(options)
    const ask = (...args: string[]) =>
      runCli(['tenant', ...args, '--url', url], { cwd, env: { DASHBOARD_TOKEN: token } })

    const adding = ask('add', 'shop')
    await server.logged(/a code to link the device is ready/)
    const shown = JSON.parse((await ask('code', 'shop', '--json')).stdout)
    expect(shown).toMatchObject({ tenantId: 'shop', kind: 'qr' })
    const phone = wa.phone({ number: '628120001234' })
    await phone.scan(shown.code)
    const added = await adding
    expect(added).toMatchObject({ exitCode: 0, stderr: '' })
    expect(added.stdout).toContain('shop is connected as ********1234.')
    expect(added.stdout).not.toContain(shown.code)

    const list = await ask('list')
    expect(list.stdout).toMatch(/^shop +CONNECTED +open +\d.* ago +\*{8}1234$/m)
    expect((await ask('backup', 'shop')).stdout).toMatch(
      /shop (is backed up|has not changed since it was backed up last) \(number \d+\)/,
    )
    expect(await ask('code', 'shop')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/no code now/),
    })

    const ended = await server.end('SIGTERM')
    expect(ended.exitCode).toBe(0)
    expect(ended.stderr).not.toContain(shown.code)
    expect(ended.stderr).not.toContain('628120001234')
    for (const line of ended.stderr.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('msg')

    const again = await startCli(options)
    await again.server.logged(/"tenantId":"shop","msg":"connected"/)
    expect(again.server.stderr).not.toMatch(/a code to link/)
    expect((await again.server.end('SIGINT')).exitCode).toBe(0)
  })

  it('is steered with the token only', async () => {
    const cwd = await emptyFolder()
    const { server, url } = await startCli({ cwd, env: { DATABASE_URL: 'memory:', DASHBOARD_TOKEN: token } })
    const list = (env: Record<string, string>) => runCli(['tenant', 'list', '--url', url], { cwd, env })
    expect(await list({})).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/set DASHBOARD_TOKEN/),
    })
    expect(await list({ DASHBOARD_TOKEN: 'another-token-altogether' })).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/refused the token/),
    })
    expect(await list({ DASHBOARD_TOKEN: token })).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/No tenants yet/),
    })
    expect((await server.end('SIGTERM')).exitCode).toBe(0)
  })
})
