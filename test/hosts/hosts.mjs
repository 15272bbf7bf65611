import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Fleet } from './fleet.mjs'
import { LightWhatsApp } from './light-whatsapp.mjs'
import { RealWhatsApp } from './real-whatsapp.mjs'
import { Scenarios } from './scenarios.mjs'

/**
 * Runs `hosts` processes with `tenants` each through kill, rolling restart and growth.
 * @param options `kind` `baileys` (real Baileys on the loopback server) or `light` (a stand-in at the device-link
 *   port); `databaseUrl` a PostgreSQL, in which it uses a schema of its own; `dist` the build; `settings` of the hosts
 * @returns figures, and `violations`: promises that did not hold
 */
export async function runHosts({ kind, hosts, tenants, databaseUrl, dist, settings, say = () => {} }) {
  const base = await mkdtemp(join(tmpdir(), `hosts-${kind}-`))
  const url = new URL(databaseUrl)
  url.searchParams.set('schema', `hosts_${randomUUID().replaceAll('-', '')}`)
  const storePath = join(base, 'objects')
  const config = { dist, storePath, databaseUrl: url.toString(), settings, writeEveryMs: 10_000 }
  const fleet = new Fleet({ config, base, say })
  const whatsapp = kind === 'light' ? new LightWhatsApp(fleet) : new RealWhatsApp(dist)
  fleet.whatsapp = whatsapp
  fleet.configure(await whatsapp.open())
  const startedAt = performance.now()
  try {
    const { registry, drop } = await ownRegistry(dist, url)
    const names = Array.from({ length: hosts }, (_, at) => `host-${at}`)
    const ids = Array.from({ length: hosts * tenants }, (_, at) => `tenant-${String(at).padStart(5, '0')}`)
    for (const tenantId of ids) fleet.add(tenantId)
    for (const tenantId of ids) await registry.setDesired(tenantId, 'running')
    await Promise.all(names.map((name) => fleet.start(name)))
    const scenarios = new Scenarios(fleet, { settings, say, limitMs: 120_000 })
    const figures = await scenarios.run(ids.length).catch((error) => {
      scenarios.violations.push(`the harness failed: ${error.stack}`)
      return {}
    })
    await fleet.killAll()
    await drop()
    const seconds = Math.round((performance.now() - startedAt) / 100) / 10
    return { kind, hosts, tenants: ids.length, ...figures, violations: scenarios.violations, seconds }
  } finally {
    await fleet.killAll()
    await whatsapp.close()
    await rm(base, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}

async function ownRegistry(dist, url) {
  const load = (file) => import(pathToFileURL(`${dist}/src/${file}`))
  const { prismaRegistry } = await load('registry/prisma.js')
  const registry = prismaRegistry({ url: url.toString() })
  await registry.open()
  const drop = async () => {
    await registry.close()
    const { default: pg } = await import('pg')
    const client = new pg.Client({ connectionString: url.toString() })
    await client.connect()
    await client.query(`DROP SCHEMA "${url.searchParams.get('schema')}" CASCADE`)
    await client.end()
  }
  return { registry, drop }
}
