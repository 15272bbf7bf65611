// docs/scaling.md's tables, from a whole run of the bench: `npm run bench -- --json > report.json`, then
// `node bench/scaling.mjs report.json`.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { markdownTable } from './table.mjs'

/** What a fleet does, and what others charge and allow. Change them to your own. */
export const assumptions = {
  /** A tenant's keys change in bursts (a conversation's turn), this far apart on average. */
  secondsBetweenBursts: 20,
  /** From the first change of a burst to its upload: `quietPeriodMs`, and at most `maxDirtyAgeMs`. */
  secondsToUpload: 0.5,
  filesABurst: 3,
  messagesABurst: 3,
  /** Files that change between two snapshots: what a cumulative carries. */
  filesACumulative: 40,
  /** As the settings are: a snapshot an hour, a cumulative in place of every 64th delta, a collection each 10 minutes. */
  snapshotsAnHour: 1,
  deltasACumulative: 64,
  secondsBetweenCollections: 600,
  /** Kept: the last quarter of an hour whole, a point an hour for a day, one a day for a week. */
  secondsKeptWhole: 900,
  pointsKept: 24 + 7,
  tenantsPerHost: 250,
  /** Rolling deploys onto empty disks, each of which restores every tenant. */
  deploysAMonth: 4,
  /** Statements of a host whatever its tenants do: it checks in each second and renews its leases every five. */
  statementsPerHost: 1 + 1 / 5,
  /** A commit waits so long for others, which share its statement. */
  secondsShared: 0.011,
  connectionsPerHost: 5,
  /** A check-in counts all tenants: measured by `node bench/check-in.mjs`, which shared two cores with its PostgreSQL. */
  checkInMs: 1,
  checkInMsAThousandTenants: 0.3,
  /** Measured with the real storage server, which had two cores with its database and the client: uploads a second. */
  storeUploadsPerSecond: 300,
  /** Baileys, by the bench of workers: CPU ms a received message with 200 tenants in a process. */
  baileysMsAMessage: { 'Node 20': 24.3, 'Node 24': 2.4 },
  /** List prices when this was written; look them up. Supabase bills no requests; S3 does, by the million of uploads. */
  dollarsPerGbStored: 0.021,
  dollarsPerGbDown: 0.09,
  dollarsPerMillionPuts: 5,
  dollarsPerHost: 24,
}

const month = 30 * 86_400

/** @param units as {@link unitsOf} gives them */
export function fleetOf(tenants, units, given = assumptions) {
  const hosts = Math.ceil(tenants / given.tenantsPerHost)
  const uploads = uploadsPerSecond(tenants, given)
  const collections = tenants / given.secondsBetweenCollections
  const bytes = bytesOf(tenants, units, given)
  const commitStatements = uploads / (1 + (uploads / hosts) * given.secondsShared)
  const bursts = tenants / given.secondsBetweenBursts
  return {
    tenants,
    hosts,
    uploadsPerSecond: uploads,
    // A collection lists a tenant's folder once and deletes once.
    requestsPerSecond: uploads + 2 * collections,
    collectionsPerSecond: collections,
    storeShare: uploads / given.storeUploadsPerSecond,
    objectsAMonth: uploads * month,
    ...bytes,
    dollarsStore: bytes.gbStored * given.dollarsPerGbStored + bytes.gbDownAMonth * given.dollarsPerGbDown,
    dollarsPuts: ((uploads * month) / 1e6) * given.dollarsPerMillionPuts,
    dollarsHosts: hosts * given.dollarsPerHost,
    statementsPerSecond: commitStatements + hosts * given.statementsPerHost,
    connections: hosts * given.connectionsPerHost,
    checkInCores: (hosts * (given.checkInMs + (tenants / 1_000) * given.checkInMsAThousandTenants)) / 1_000,
    cpuCores: (uploads * perBurst(units.cpuMs, given)) / 1_000,
    baileysCores: Object.values(given.baileysMsAMessage).map(
      (ms) => (bursts * given.messagesABurst * ms) / 1_000,
    ),
    memoryGb: (tenants * units.kbPerTenant) / 1e6,
  }
}

/** A burst begins, is waited for, and only then can the next one begin an upload of its own. */
function uploadsPerSecond(tenants, { secondsBetweenBursts, secondsToUpload }) {
  return tenants / (secondsBetweenBursts + secondsToUpload)
}

function bytesOf(tenants, units, given) {
  const delta = perBurst(units.bytes, given)
  const cumulative = at(units.bytes, given.filesACumulative)
  const uploads = uploadsPerSecond(tenants, given)
  const snapshots = (tenants * given.snapshotsAnHour) / 3_600
  const cumulatives = uploads / given.deltasACumulative
  const bytesPerSecond =
    snapshots * units.snapshotBytes + cumulatives * cumulative + (uploads - snapshots - cumulatives) * delta
  const deltasKept = given.secondsKeptWhole / (given.secondsBetweenBursts + given.secondsToUpload)
  const stored = given.pointsKept * units.snapshotBytes + deltasKept * delta
  // On average half of a cumulative's deltas lie on top of it.
  const restored = units.snapshotBytes + cumulative + (given.deltasACumulative / 2) * delta
  return {
    gbUpAMonth: (bytesPerSecond * month) / 1e9,
    gbStored: (tenants * stored) / 1e9,
    gbDownAMonth: (tenants * given.deploysAMonth * restored) / 1e9,
  }
}

function perBurst(unit, { filesABurst }) {
  return at(unit, filesABurst)
}

/** Between what one changed file costs and what twenty do it is a straight line. */
function at({ one, twenty }, files) {
  return one + ((twenty - one) / 19) * (files - 1)
}

export function scalingTable(units) {
  const fleets = [1_000, 10_000, 100_000].map((tenants) => fleetOf(tenants, units))
  const versions = Object.keys(assumptions.baileysMsAMessage)
  const rows = [
    ['tenants', ({ tenants }) => tenants.toLocaleString('en')],
    ['hosts', ({ hosts }) => hosts.toLocaleString('en')],
    ['uploads a second', ({ uploadsPerSecond }) => short(uploadsPerSecond)],
    ['all requests a second (with lists and deletions)', ({ requestsPerSecond }) => short(requestsPerSecond)],
    ['uploads against one measured storage server', ({ storeShare }) => `${short(100 * storeShare)} %`],
    ['objects made a month, millions', ({ objectsAMonth }) => short(objectsAMonth / 1e6)],
    ['database statements a second', ({ statementsPerSecond }) => short(statementsPerSecond)],
    ['database connections', ({ connections }) => connections.toLocaleString('en')],
    ['cores of the database for check-ins', ({ checkInCores }) => short(checkInCores)],
    ['GB up a month', ({ gbUpAMonth }) => short(gbUpAMonth)],
    ['GB down a month (restores of deploys)', ({ gbDownAMonth }) => short(gbDownAMonth)],
    ['GB stored', ({ gbStored }) => short(gbStored)],
    ['stored and down, a month', ({ dollarsStore }) => `$${short(dollarsStore)}`],
    ['the uploads where they are billed', ({ dollarsPuts }) => `$${short(dollarsPuts)}`],
    ['hosts, a month', ({ dollarsHosts }) => `$${short(dollarsHosts)}`],
    ['cores for backups, all hosts', ({ cpuCores }) => short(cpuCores)],
    ...versions.map((version, n) => [
      `cores for Baileys, ${version}`,
      ({ baileysCores }) => short(baileysCores[n]),
    ]),
    ["supervisor's memory, all hosts, GB", ({ memoryGb }) => short(memoryGb)],
  ]
  return markdownTable(rows.map(([name, of]) => [name, ...fleets.map(of)]))
}

/** What waiting longer for more changes saves, for ordinary ones: pairing, pre-keys and app-state keys never wait. */
export function waitingTable(units, tenants = 10_000) {
  const rows = [0.5, 10, 30, 60].map((secondsToUpload) => {
    const fleet = fleetOf(tenants, units, { ...assumptions, secondsToUpload })
    const { uploadsPerSecond, storeShare } = fleet
    return [`${secondsToUpload} s`, short(uploadsPerSecond), `${short(100 * storeShare)} %`]
  })
  return markdownTable([
    [
      `from change to upload, ${tenants.toLocaleString('en')} tenants`,
      'uploads a second',
      'against one server',
    ],
    ...rows,
  ])
}

/** One object a host and second with the deltas of all its tenants, beside one each. */
export function packTable(units) {
  const fleets = [10_000, 100_000].map((tenants) => fleetOf(tenants, units))
  const deltas = fleets[0].uploadsPerSecond / fleets[0].hosts
  const dollars = (puts) => `$${short(((puts * month) / 1e6) * assumptions.dollarsPerMillionPuts)}`
  const rows = fleets.flatMap(({ tenants, hosts, uploadsPerSecond }) => [
    [
      `uploads a second, ${tenants.toLocaleString('en')} tenants, ${hosts} hosts`,
      short(uploadsPerSecond),
      short(hosts),
    ],
    ['the same a month where uploads are billed', dollars(uploadsPerSecond), dollars(hosts)],
  ])
  return markdownTable([
    ['', 'an object a delta (now)', 'a pack a second and host'],
    ...rows,
    ['deltas in an object', '1', short(deltas)],
    ['bytes of a restore without range requests', '1 ×', `up to ${short(deltas)} × for each delta`],
  ])
}

export function unitRows({ cpuMs, bytes, snapshotBytes, kbPerTenant }) {
  return [
    ['unit', 'measured'],
    ['CPU of a backup with one changed file, ms', cpuMs.one.toFixed(2)],
    ['CPU of a backup with 20, ms', cpuMs.twenty.toFixed(2)],
    ['bytes of a backup with one changed file', whole(bytes.one)],
    ['bytes of a backup with 20', whole(bytes.twenty)],
    ['bytes of a snapshot of 860 files', whole(snapshotBytes)],
    ['memory of a connected tenant, KB', short(kbPerTenant)],
  ]
}

/** The unit costs of a bench report, all of sessions of 860 files: one changed file a backup, and twenty at SIGTERM. */
export function unitsOf({ figures, cells, sideBySide }) {
  const { steady, drain, tenants } = sideBySide.find(({ strategy }) => strategy === 'ours')
  const cell = cells.find(({ strategy, store }) => strategy === 'ours' && store === 'memory')
  return {
    cpuMs: { one: steady.cpuMs / steady.requests, twenty: drain.cpuMs / tenants },
    bytes: { one: steady.bytesUp / steady.requests, twenty: drain.bytesUp / tenants },
    snapshotBytes: cell.rows.find(({ operation }) => operation === 'first backup').bytesUp,
    kbPerTenant: figures.find(({ name }) => name === 'memory of a connected tenant').measured,
  }
}

function short(value) {
  return value >= 100 ? whole(value) : String(Number(value.toPrecision(2)))
}

function whole(value) {
  return Math.round(value).toLocaleString('en')
}

if (process.argv[2] && process.argv[1] === fileURLToPath(import.meta.url)) {
  const units = unitsOf(JSON.parse(readFileSync(process.argv[2], 'utf8').trimEnd().split('\n').at(-1)))
  const tables = [markdownTable(unitRows(units)), scalingTable(units), waitingTable(units), packTable(units)]
  process.stdout.write(`${tables.join('\n\n')}\n`)
}
