// docs/scaling.md's tables from a report: `node bench/run.mjs steady memory tenants --json > report.json`, then
// `node bench/scaling.mjs report.json`.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** What a fleet does, and what others charge and allow. Change them to your own. */
export const assumptions = {
  /** A tenant's keys change in bursts (a conversation's turn), each of which is one backup. */
  secondsBetweenBursts: 20,
  /** Bytes of a snapshot of 860 files, gzip and base64: one an hour for each tenant that changed. */
  snapshotBytes: 100_000,
  /** Measured with the real storage server, two cores shared with its database: uploads a second. */
  storeUploadsPerSecond: 300,
  /** A retained tenant: a point an hour for a day, one a day for a week, the last quarter of an hour whole. */
  retainedSnapshots: 31,
  /** Supabase's list, per GB and month above what a plan includes; requests are not billed. */
  dollarsPerGbStored: 0.021,
  /** Collections list each tenant's folder this often. */
  secondsBetweenCollections: 600,
  tenantsPerHost: 250,
}

/** @param units `cpuMsPerCommit`, `bytesPerCommit`, as bench's `steady` measures them; `kbPerTenant` as `memory` does */
export function fleetOf(tenants, units, given = assumptions) {
  const hosts = Math.ceil(tenants / given.tenantsPerHost)
  const commitsPerSecond = tenants / given.secondsBetweenBursts
  const snapshotsPerSecond = tenants / 3_600
  const collections = tenants / given.secondsBetweenCollections
  // A host waits 10 ms and 1 ms for each upload under way for others to share its statement.
  const perHost = commitsPerSecond / hosts
  const commitStatements = Math.min(commitsPerSecond, hosts * Math.min(perHost, 1_000 / 15))
  const bytesPerSecond = commitsPerSecond * units.bytesPerCommit + snapshotsPerSecond * given.snapshotBytes
  const storedGb =
    (tenants *
      (given.retainedSnapshots * given.snapshotBytes +
        (900 / given.secondsBetweenBursts) * units.bytesPerCommit)) /
    1e9
  return {
    tenants,
    hosts,
    requestsPerSecond: commitsPerSecond + 2 * collections,
    uploadsPerSecond: commitsPerSecond,
    storeShare: commitsPerSecond / given.storeUploadsPerSecond,
    gbUpAMonth: (bytesPerSecond * 86_400 * 30) / 1e9,
    storedGb,
    dollarsAMonth: storedGb * given.dollarsPerGbStored,
    statementsPerSecond: commitStatements + hosts * (1 + 0.2),
    commitsASharedStatement: commitsPerSecond / commitStatements,
    cpuCores: (commitsPerSecond * units.cpuMsPerCommit) / 1_000,
    memoryGb: (tenants * units.kbPerTenant) / 1e6,
  }
}

export function scalingTable(units) {
  const fleets = [1_000, 10_000, 100_000].map((tenants) => fleetOf(tenants, units))
  const rows = [
    ['tenants', ({ tenants }) => tenants.toLocaleString('en')],
    ['hosts', ({ hosts }) => hosts.toLocaleString('en')],
    ['uploads a second', ({ uploadsPerSecond }) => short(uploadsPerSecond)],
    ['all requests a second (lists and deletions too)', ({ requestsPerSecond }) => short(requestsPerSecond)],
    ['uploads against one measured storage server', ({ storeShare }) => `${short(100 * storeShare)} %`],
    ['database statements a second', ({ statementsPerSecond }) => short(statementsPerSecond)],
    ['GB uploaded a month', ({ gbUpAMonth }) => short(gbUpAMonth)],
    ['GB stored', ({ storedGb }) => short(storedGb)],
    ['storage a month', ({ dollarsAMonth }) => `$${short(dollarsAMonth)}`],
    ['CPU cores for backups, all hosts', ({ cpuCores }) => short(cpuCores)],
    ["supervisor's memory, all hosts, GB", ({ memoryGb }) => short(memoryGb)],
  ]
  const [head, ...others] = rows.map(([name, of]) => `| ${[name, ...fleets.map(of)].join(' | ')} |`)
  return [head, '| --- | ---: | ---: | ---: |', ...others].join('\n')
}

function short(value) {
  return value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(2)))
}

/** The unit costs of a bench report. */
export function unitsOf({ figures, plot }) {
  const busiest = plot.find(({ tenants }) => tenants === 1_000)
  const memory = figures.find(({ name }) => name === 'memory of a connected tenant with 860 files')
  const { cpuMsPerCommit, bytesPerCommit } = busiest
  return { cpuMsPerCommit, bytesPerCommit, kbPerTenant: memory.measured }
}

if (process.argv[2] && process.argv[1] === fileURLToPath(import.meta.url)) {
  const units = unitsOf(JSON.parse(readFileSync(process.argv[2], 'utf8').trimEnd().split('\n').at(-1)))
  process.stdout.write(`${JSON.stringify(units)}\n\n${scalingTable(units)}\n`)
}
