import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { until } from './host.mjs'

const token = 'a-token-of-some-length'

/** Pairs two tenants through the parent's HTTP API, and finds them again after everything was killed. */
export async function serverOfWorkers(rig) {
  const { dist, sessionPath, store, registry } = rig.config
  await rig.stopTenants()
  const { startLoopback } = await import(pathToFileURL(`${dist}/src/loopback/index.js`))
  const wa = await startLoopback()
  const preload = join(rig.base, 'trust.mjs')
  const loopback = JSON.stringify(pathToFileURL(`${dist}/src/loopback/index.js`).href)
  await writeFile(
    preload,
    `import { trustLoopback } from ${loopback}\ntrustLoopback('${wa.rootPublicKey}')\n`,
  )
  const env = {
    ...{ PATH: process.env.PATH, PORT: '0', DASHBOARD_TOKEN: token, LOG_LEVEL: 'info' },
    ...{ WHATSAPP_SESSION_PATH: sessionPath, DATA_PATH: join(store.path, '..') },
    ...{ DATABASE_URL: registry.url, WHATSAPP_SOCKET_URL: wa.url },
  }
  const server = await startServer({ dist, preload, env, cwd: rig.base })
  try {
    const codes = []
    for (const [at, tenantId] of ['shop', 'desk'].entries()) {
      const added = await server.ask('POST', '/tenants', { tenantId })
      rig.expect(added.status === 201, `added with ${added.status}`)
      let code
      await until(async () => {
        const answer = await server.ask('GET', `/tenants/${tenantId}/code`)
        code = answer.json.code
        return answer.status === 200
      }, 30_000)
      codes.push(code)
      await wa.phone({ number: `62812000123${at}` }).scan(code)
    }
    await server.untilConnected(rig, 2, 'paired')
    const backup = await server.ask('POST', '/tenants/shop/backup')
    rig.expect(backup.json.generation > 0, `backed up: ${JSON.stringify(backup)}`)
    const areBackedUp = async () =>
      (await server.ask('GET', '/health/sessions')).json.sessions.filter(
        ({ generation, unprotectedChanges }) => generation > 0 && unprotectedChanges === 0,
      ).length === 2
    rig.expect((await until(areBackedUp, 20_000)) !== null, 'health: not both are backed up')
    const ready = await server.ask('GET', '/readyz')
    rig.expect(ready.status === 200, `ready: ${JSON.stringify(ready)}`)
    const stopped = await server.ask('POST', '/tenants/desk/stop')
    rig.expect(stopped.json.runs === 'no', `stopped: ${JSON.stringify(stopped)}`)
    await server.ask('POST', '/tenants/desk/start')
    await server.untilConnected(rig, 2, 'started again')
    rig.expect((await server.end()) === 0, `the server ended: ${server.log}`)
    const leaks = [...codes, '62812000123'].filter((secret) => server.log.includes(secret))
    rig.expect(leaks.length === 0, 'a code or a number is in the log')
    const lines = server.log.trimEnd().split('\n')
    rig.expect(
      lines.every((line) => line.startsWith('{')),
      `not JSON: ${lines.find((line) => !line.startsWith('{'))}`,
    )
    const again = await startServer({ dist, preload, env, cwd: rig.base })
    await again.untilConnected(rig, 2, 'after a restart')
    rig.expect(!again.log.includes('a code to link'), 'a code was shown after a restart')
    rig.expect((await again.end()) === 0, 'the second server did not end in order')
  } finally {
    server.kill()
    await wa.close()
  }
}

async function startServer({ dist, preload, env, cwd }) {
  const main = `${dist}/src/cli/main.js`
  const args = ['--import', pathToFileURL(preload).href, main, 'start', '--workers', '2']
  const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] })
  const server = {
    log: '',
    kill: () => child.exitCode === null && child.signalCode === null && child.kill('SIGKILL'),
    end: async () => {
      const closed = once(child, 'close')
      child.kill('SIGTERM')
      return (await closed)[0]
    },
    ask: async (method, path, body) => {
      const answer = await fetch(`${server.url}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body ? { body: JSON.stringify(body) } : {}),
      })
      return { status: answer.status, json: await answer.json() }
    },
    untilConnected: async (rig, count, when) => {
      let tenants = []
      const ms = await until(async () => {
        tenants = (await server.ask('GET', '/tenants')).json.tenants
        return tenants.filter(({ link, runs }) => link === 'open' && runs === 'here').length === count
      }, 60_000)
      rig.expect(ms !== null, `${when}: ${JSON.stringify(tenants)}`)
    },
  }
  child.stderr.on('data', (chunk) => {
    server.log += chunk
  })
  await until(() => /"url":"([^"]+)"/.test(server.log) || child.exitCode !== null, 60_000)
  server.url = /"url":"([^"]+)"/.exec(server.log)?.[1]
  if (!server.url) throw new Error(`the server did not start: ${server.log}`)
  return server
}
