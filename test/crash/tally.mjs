/** `resentToBot`: of the failures to decrypt, the bot's, after which the contact sent the message again. */
const categories = () => ({ kills: 0, messages: 0, undecryptable: 0, resentToBot: 0 })

/** The counts of a run. Everything in `violations` breaks a promise; the rest is what happened. */
export class Tally {
  kills = 0
  killsKeepingDisk = 0
  killsEmptyingDisk = 0
  killsWithPglite = 0
  killsByMoment = {}
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
  /** Killed after pair-success was stored and before WhatsApp had its answer: no device was linked, 401 follows. */
  unfinishedPairings = 0
  unprotected = 0
  /** Kills, messages sent and failures to decrypt between a restart and the next, by what the kill left. */
  undecryptable = {
    noKill: { sendAfterBackupOff: categories(), sendAfterBackupOn: categories() },
    keptDisk: { sendAfterBackupOff: categories(), sendAfterBackupOn: categories() },
    emptiedDisk: { sendAfterBackupOff: categories(), sendAfterBackupOn: categories() },
  }
  violations = []

  violation(kind, where, detail = '') {
    this.violations.push({ kind, where, detail })
  }

  killed(moment, { emptied, pglite }) {
    this.kills++
    this.killsByMoment[moment] = (this.killsByMoment[moment] ?? 0) + 1
    if (emptied) this.killsEmptyingDisk++
    else this.killsKeepingDisk++
    if (pglite) this.killsWithPglite++
  }

  undisturbed(sendAfterBackup) {
    const { noKill } = this.undecryptable
    return sendAfterBackup ? noKill.sendAfterBackupOn : noKill.sendAfterBackupOff
  }

  category({ emptied, sendAfterBackup }) {
    const disk = emptied ? this.undecryptable.emptiedDisk : this.undecryptable.keptDisk
    return sendAfterBackup ? disk.sendAfterBackupOn : disk.sendAfterBackupOff
  }
}
