/** Figures that a short run would never reach: a cumulative generation comes every fifth time instead of every 64th. */
export const tuning = [
  { file: 'src/replication/plan.ts', from: 'cumulativeEvery: 64', to: 'cumulativeEvery: 5' },
]

/**
 * Bugs of the kind that lose sessions, each planted into a bundle of its own: the simulation must find every one.
 * `from` must occur once in the file, so that a change of the product cannot quietly take a bug out.
 */
export const planted = [
  {
    name: 'swapWithoutEpoch',
    what: 'the head is swapped without asking whose lease it is',
    edits: [
      {
        file: 'src/registry/memory.ts',
        from: "if (!this.#holds(tenantId, owner, epoch)) return 'fenced'",
        to: 'void [owner, epoch]',
      },
    ],
  },
  {
    name: 'dirtyFlagClearedOnSuccess',
    what: 'a backup that succeeds counts for changes that came while it ran',
    edits: [
      {
        file: 'src/session/unsaved-changes.ts',
        from: 'if (entry.position <= position || entry.hash === hash) this.drop(name)',
        to: 'if (entry) this.drop(name)',
      },
    ],
  },
  {
    name: 'olderDiskWins',
    what: 'a copy of the disk that was put back is taken for one that was killed before it had noted its commits',
    edits: [
      {
        file: 'src/replication/verdict.ts',
        from: 'return base.epoch === head.epoch && (reached >= head.seq || hasTried(base, head))',
        to: 'return base.epoch === head.epoch',
      },
    ],
  },
  {
    name: 'savedUpToNow',
    what: 'the machine takes its newest position for the one that was saved',
    edits: [
      {
        file: 'machines/tenant.machine.ts',
        from: 'savedSeq: ({ context, event }) => Math.max(context.savedSeq, coveredBy(event)),',
        to: 'savedSeq: ({ context }) => context.changeSeq,',
      },
    ],
  },
  {
    name: 'manifestBeforeParts',
    what: 'a generation is uploaded, and committed, before its parts are there',
    edits: [
      {
        file: 'src/replication/commit.ts',
        from: 'await inParallel(objects.slice(0, -1), limit, put)',
        to: 'void inParallel(objects.slice(0, -1), limit, put).catch(() => {})',
      },
    ],
  },
  {
    name: 'overwriteInPlace',
    what: 'names are used again, and an upload overwrites what is there',
    edits: [
      {
        file: 'src/replication/object-names.ts',
        from: "return digits().padStart(5, '0') + digits().padStart(5, '0')",
        to: "return digits().slice(0, 0) + '0000000000'",
      },
      { file: 'src/stores/memory.ts', from: 'if (this.#objects.has(key)) {', to: 'if (key === null) {' },
    ],
  },
  {
    name: 'errorTakenForNoBackup',
    what: 'a store that does not answer counts as one that holds nothing',
    edits: [
      {
        file: 'src/actors/find-at-start.ts',
        from: 'return { ...unknown, failure: error }',
        to: "return { ...unknown, absence: 'proven', failure: error }",
      },
    ],
  },
  {
    name: 'lateWritesAfterClose',
    what: 'key files are written after the final backup was decided upon',
    edits: [
      {
        file: 'src/session/key-folder.ts',
        from: `  refuseWrites(): Promise<void> {
    this.#refusesWrites = true`,
        to: '  refuseWrites(): Promise<void> {',
      },
    ],
  },
  {
    name: 'barrierThatDoesNotWait',
    what: 'WhatsApp is told of new keys before they are durable',
    edits: [
      {
        file: 'src/actors/tenant-work.ts',
        from: 'if (position <= this.#savedPosition || this.#nobodyWaits) {',
        to: 'if (position <= this.#savedPosition + 9) {',
      },
    ],
  },
  {
    name: 'tornDownloadTakenForDamage',
    what: 'one download that does not verify is taken for a damaged object',
    edits: [
      {
        file: 'src/replication/object-cache.ts',
        from: 'if (!isUnusable(error) || (before !== null && Buffer.compare(before, body) === 0)) throw error',
        to: 'if (error) throw error',
      },
    ],
  },
  {
    name: 'collectedTooEarly',
    what: 'retention looks at the age of an object and not at what is built on it',
    edits: [
      {
        file: 'src/replication/retention.ts',
        from: '!kept.has(object.name) &&',
        to: "(object.generation.kind === 'snapshot' || !kept.has(object.name)) &&",
      },
    ],
  },
  {
    name: 'supersededCopyKept',
    what: 'a local copy goes on although another host has committed since',
    edits: [
      {
        file: 'src/replication/verdict.ts',
        from: 'if (same || base.epoch > head.epoch) return true',
        to: 'if (same || base.epoch >= 0) return true',
      },
    ],
  },
  {
    name: 'epochsUsedAgain',
    what: 'after a lost registry, epochs that are in the store are given again',
    edits: [
      {
        file: 'src/actors/find-at-start.ts',
        from: 'return found.maxEpoch >= epoch || ',
        to: 'return found.maxEpoch < 0 && ',
      },
    ],
  },
  {
    name: 'conflictTakenForCommitted',
    what: 'a swap that is not answered is forgotten, and the next one counts although the head is another',
    edits: [
      {
        file: 'src/actors/backup.ts',
        from: 'if (work.unanswered) await swap(host, work, folder, work.unanswered)',
        to: 'work.unanswered = null',
      },
      { file: 'src/actors/backup.ts', from: "if (outcome === 'conflict') {", to: 'if (outcome === null) {' },
    ],
  },
  {
    name: 'journalNotReplayed',
    what: 'a batch that a kill cut in half stays so',
    edits: [
      {
        file: 'src/session/local-copy.ts',
        from: 'if (!mustRedo(wanted, found.get(name), !journal.torn)) continue',
        to: 'if (name) continue',
      },
    ],
  },
  {
    name: 'claimsItsOwnRunning',
    what: 'a host claims tenants whose sessions it runs, and gives the leases back',
    edits: [
      {
        file: 'src/registry/memory.ts',
        from: 'if (lease.owner === owner) return before.get(tenantId) === lease.epoch',
        to: 'if (lease.owner === owner) return before.size >= 0',
      },
    ],
  },
  {
    name: 'claimsWhatIsHeld',
    what: 'a lease counts as run out before it has',
    edits: [
      {
        file: 'src/registry/memory.ts',
        from: 'return expired && lease.expiresAt <= now',
        to: 'return expired',
      },
    ],
  },
  {
    name: 'keepsWhatIsAboveItsShare',
    what: 'a host hands nothing over',
    edits: [
      {
        file: 'src/hand-over.ts',
        from: 'const count = Math.min(surplus, settings.connectConcurrency) - this.#underWay.size',
        to: 'const count = Math.min(0, settings.connectConcurrency) - this.#underWay.size',
      },
    ],
  },
]
