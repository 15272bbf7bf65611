const categories = () => ({ kills: 0, messages: 0, undecryptable: 0 })

/** The counts of a run. Everything in `violations` breaks a promise; the rest is what happened. */
export class Tally {
  kills = 0
  killsKeepingDisk = 0
  killsEmptyingDisk = 0
  killsWithPglite = 0
  killsByMoment = {}
  restarts = 0
  usable = 0
  qrExpected = 0
  qrUnexpected = 0
  unparsable = 0
  lostCommits = 0
  lostBatches = 0
  batchesChecked = 0
  commitsChecked = 0
  generationsVerified = 0
  pairings = 0
  logouts = 0
  unfinishedPairings = 0
  unprotected = 0
  messages = { toBot: 0, fromBot: 0, duplicates: 0, missing: 0, lost: 0 }
  /** Kills, messages sent and failures to decrypt between a restart and the next, by what the kill left. */
  undecryptable = {
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

  category({ emptied, sendAfterBackup }) {
    const disk = emptied ? this.undecryptable.emptiedDisk : this.undecryptable.keptDisk
    return sendAfterBackup ? disk.sendAfterBackupOn : disk.sendAfterBackupOff
  }
}
