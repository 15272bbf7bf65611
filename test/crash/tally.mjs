/** `resentToBot`: of the failures to decrypt, the bot's, after which the contact sent the message again. */
const categories = () => ({ kills: 0, messages: 0, undecryptable: 0, resentToBot: 0 })
const modes = () => ({ sendAfterBackupOff: categories(), sendAfterBackupOn: categories() })

/** The counts of a run. Everything in `violations` breaks a promise; the rest is what happened. */
export class Tally {
  kills = 0
  killsByDisk = { kept: 0, emptied: 0, stashed: 0, putBack: 0 }
  killsWithPglite = 0
  killsByMoment = {}
  /** Kills, by moment, at which the moment had come; the others struck while it was waited for. */
  reachedByMoment = {}
  /** Starts after a kill. */
  restarts = 0
  /** Restarted sessions that were found connected, with a message each way. */
  usable = 0
  /** Restarts that were killed before that could be seen. */
  killedBeforeUsable = 0
  qrExpected = 0
  qrUnexpected = 0
  unparsable = 0
  lostCommits = 0
  /** Acknowledged writes that are not on a kept disk. */
  lostBatches = 0
  /** Writes of which a kept disk has a part, the journal included. */
  tornBatches = 0
  /** Writes that a kill interrupted. */
  writesCutShort = 0
  batchesChecked = 0
  commitsChecked = 0
  generationsVerified = 0
  logouts = 0
  /** Killed after pair-success was stored and before WhatsApp had its answer: no device was linked, a code is right. */
  unfinishedPairings = 0
  unprotected = 0
  /** Scenarios that went to their end. */
  twoOwners = 0
  handOvers = 0
  outages = 0
  /** From SIGTERM until the next host was connected, and how long WhatsApp had no connection of the bot, in ms. */
  handOverMs = []
  awayMs = []
  /** By what was stopped and how. */
  outagesByKind = {}
  /** Failures to decrypt between a restart and the next, by what the kills since pairing left of the disk. */
  byDisk = { noKill: modes(), kept: modes(), lost: modes() }
  violations = []
  #reused = 0

  violation(kind, where, detail = '') {
    this.violations.push({ kind, where, detail })
  }

  killed(moment, { disk, pglite }) {
    this.kills++
    this.killsByMoment[moment] = (this.killsByMoment[moment] ?? 0) + 1
    this.killsByDisk[disk]++
    if (pglite) this.killsWithPglite++
  }

  /** @param stats the simulated WhatsApp's  @returns whether a pre-key id was issued again since the last call */
  noteReused({ reusedPreKeyIds }) {
    const isNew = reusedPreKeyIds > this.#reused
    this.#reused = reusedPreKeyIds
    return isNew
  }

  reached(moment, isReached) {
    this.reachedByMoment[moment] = (this.reachedByMoment[moment] ?? 0) + (isReached ? 1 : 0)
  }

  isMissing(moment) {
    return !this.reachedByMoment[moment]
  }

  /** @param session `{ diskLost, exposed, sendAfterBackup }` */
  undisturbed({ diskLost, exposed, sendAfterBackup }) {
    // What a lost disk took is found missing whenever that conversation goes on.
    const { lost, noKill } = this.byDisk
    if (diskLost && exposed) return lost.sendAfterBackupOff
    return sendAfterBackup ? noKill.sendAfterBackupOn : noKill.sendAfterBackupOff
  }

  category({ diskLost, exposed, sendAfterBackup }) {
    if (diskLost && exposed) return this.byDisk.lost.sendAfterBackupOff
    const disk = diskLost ? this.byDisk.lost : this.byDisk.kept
    return sendAfterBackup ? disk.sendAfterBackupOn : disk.sendAfterBackupOff
  }

  /** Failures to decrypt where none may be: everywhere but after the loss of a disk without `sendAfterBackup`. */
  get undecryptableUnexpected() {
    const { noKill, kept, lost } = this.byDisk
    return [
      noKill.sendAfterBackupOff,
      noKill.sendAfterBackupOn,
      kept.sendAfterBackupOff,
      kept.sendAfterBackupOn,
      lost.sendAfterBackupOn,
    ].reduce((sum, { undecryptable }) => sum + undecryptable, 0)
  }

  /** @param points of {@link namedPoints}  @returns kills at each, e.g. `{ pairing: 12 }` */
  reachedByPoint(points) {
    const sum = (names) => names.reduce((total, name) => total + (this.reachedByMoment[name] ?? 0), 0)
    return Object.fromEntries(Object.entries(points).map(([point, names]) => [point, sum(names)]))
  }
}
