/**
 * Every figure that the bench gives, in the order of its table: what is good (`most`, `least`; neither: told, not judged),
 * and, for whoever reads that it was missed, what stands in its way. Targets are those that the design sets for two cores.
 */
export const figureList = {
  firstBackup: {
    part: 'strategies',
    name: 'first backup against one object a file',
    unit: '× faster',
    least: 50,
    missed:
      'One request of 50 ms is the least that it can take, so that 50 × leaves it 57 ms for making the generation; it takes 16 to 20 on an idle core.',
  },
  restore: {
    part: 'strategies',
    name: 'restore against one object a file',
    unit: '× faster',
    least: 50,
    missed:
      'Two objects come down at once, so that it waits for the slower one, 53 ms; 50 × leaves it 54 ms for proving and writing 860 files and opening the session, and it takes 40 to 50 on an idle core, most of it calls to the file system.',
  },
  firstBackupCold: {
    part: 'strategies',
    name: 'the first backup of a process',
    unit: '× faster',
  },
  restoreCold: {
    part: 'strategies',
    name: 'the first restore of a process',
    unit: '× faster',
  },
  bootWall: {
    part: 'boot',
    name: 'boot: wall against bare restores',
    unit: '×',
    most: 1.5,
    missed:
      'The bare restore writes what it got. Ours proves every object, file and tree, and has both cores at it: what is left is calls to the file system, and the connections that the main thread opens meanwhile.',
  },
  bootRequests: { part: 'boot', name: 'boot: requests a tenant', unit: 'requests', most: 1 },
  bootCpu: { part: 'boot', name: 'boot: CPU a tenant', unit: 'ms' },
  bootStall: { part: 'boot', name: 'boot: longest stall of the event loop', unit: 'ms' },
  bootSmallWall: { part: 'boot', name: 'small boot: wall against bare restores', unit: '×' },
  bootSmallRequests: { part: 'boot', name: 'small boot: requests a tenant', unit: 'requests', most: 1 },
  bootSmallCpu: { part: 'boot', name: 'small boot: CPU a tenant', unit: 'ms' },
  bootSmallStall: { part: 'boot', name: 'small boot: longest stall', unit: 'ms' },
  fleetWall: {
    part: 'fleet',
    name: 'fleet: wall against bare requests',
    unit: '×',
    most: 1.3,
    missed:
      'A thousand backups are a second of CPU on one thread, and their requests take 0.8 s at that limit: the rest of the time is the core’s.',
  },
  fleetRequests: { part: 'fleet', name: 'fleet: requests a tenant', unit: 'requests', most: 1 },
  fleetCpu: { part: 'fleet', name: 'fleet: CPU a tenant', unit: 'ms', most: 1.5 },
  fleetStatements: { part: 'fleet', name: 'fleet: commits a statement', unit: 'commits', least: 50 },
  fleetStall: {
    part: 'fleet',
    name: 'fleet: longest stall of the event loop',
    unit: 'ms',
    most: 20,
    missed:
      'The longest ones that were traced are collections of garbage, which are longer the busier the machine is.',
  },
  drainWall: { part: 'fleet', name: 'drain at SIGTERM: wall', unit: 'ms', most: 3_000 },
  drainLeft: { part: 'fleet', name: 'drain at SIGTERM: left unprotected', unit: 'tenants', most: 0 },
  steadyP50: { part: 'steady', name: 'steady: RPO p50', unit: 'ms' },
  steadyP99: {
    part: 'steady',
    name: 'steady: RPO p99',
    unit: 'ms',
    most: 1_000,
    missed: 'A thousand commits a second fill a core: the queue that forms is CPU, not requests.',
  },
  steadyMax: { part: 'steady', name: 'steady: RPO max', unit: 'ms' },
  steadyStall: {
    part: 'steady',
    name: 'steady: longest stall of the event loop',
    unit: 'ms',
    most: 20,
    missed:
      'The longest ones that were traced are collections of garbage, which are longer the busier the machine is.',
  },
  overloadRound: { part: 'steady', name: 'overload: RPO p99 against a round', unit: '×', most: 2 },
  overloadSpread: { part: 'steady', name: 'overload: RPO max against p50', unit: '×', most: 2 },
  overloadCoalesced: { part: 'steady', name: 'overload: changes a commit', unit: 'changes' },
  overloadMemory: { part: 'steady', name: 'overload: memory, 2nd half against 1st', unit: '×', most: 1.05 },
  heavyRound: { part: 'steady', name: 'heavy overload: RPO p99 against a round', unit: '×', most: 2 },
  heavySpread: { part: 'steady', name: 'heavy overload: RPO max against p50', unit: '×', most: 2 },
  heavyCoalesced: { part: 'steady', name: 'heavy overload: changes a commit', unit: 'changes' },
  heavyMemory: { part: 'steady', name: 'heavy overload: memory, halves', unit: '×', most: 1.05 },
  unchangedRequests: {
    part: 'audit',
    name: 'unchanged: requests, an audit included',
    unit: 'requests',
    most: 0,
  },
  unchangedReads: { part: 'audit', name: 'unchanged: files read, an audit included', unit: 'files', most: 0 },
  auditStat: { part: 'audit', name: 'audit against bare stat', unit: '×', most: 1.5 },
  auditFull: {
    part: 'audit',
    name: 'full audit against bare read + SHA-256',
    unit: '×',
    most: 1.5,
    missed: 'Reading and hashing is what both do; ours takes turns with the other tenants.',
  },
  auditMs: { part: 'audit', name: 'audit', unit: 'ms' },
  memory: {
    part: 'memory',
    name: 'memory of a connected tenant',
    unit: 'KB RSS',
    most: 60,
    missed:
      'The index of 860 files, their hashes and what is known of each, is 50 KB outside of the heap; the session and its machines are 26 KB in it.',
  },
  memorySmall: { part: 'memory', name: 'memory of a connected small tenant', unit: 'KB RSS', most: 60 },
  actorsStart: { part: 'memory', name: 'idle tenant actors start', unit: 's', most: 3 },
}

/** What a run of these parts must give. */
export function figureNamesOf(parts) {
  return Object.values(figureList)
    .filter(({ part }) => parts.includes(part))
    .map(({ name }) => name)
}
