/** What happened, counted since the server started. */
export interface LoopbackStats {
  /** Messages of contacts to a device of a phone; one to a phone with two devices counts twice. */
  sent: number
  /** Of these, put on the wire at least once. */
  delivered: number
  /** Of these, confirmed by the device's receipt. */
  acknowledged: number
  /**
   * Of these, refused by the device as decrypted before. It lost its connection between storing the new keys
   * and its receipt; Baileys does not give such a message to the application then.
   */
  duplicates: number
  /** Of these, never acknowledged: all retries failed, or the device was unlinked. */
  lost: number
  /** Of these, still waiting for a receipt: sent = acknowledged + duplicates + lost + pending. */
  pending: number
  /** Retry receipts of devices, repeated ones too, plus messages of devices which a contact could not decrypt. */
  undecryptable: number
  /** Messages sent again after a retry receipt. */
  retried: number
  /** Messages of devices which contacts decrypted and verified; one to two contacts counts twice. */
  received: number
  /** Messages of devices which a contact could not decrypt, asked for again, and still has not got. */
  missing: number
  /** Offers to pair (a set of QR codes) made to clients. */
  qrCodesServed: number
  pairings: number
  logins: number
  connections: number
  preKeysUploaded: number
  preKeysConsumed: number
  /** Pre-key ids a device published again with a DIFFERENT key: its counters went back. */
  reusedPreKeyIds: number
}

export function newStats(): LoopbackStats {
  return {
    sent: 0,
    delivered: 0,
    acknowledged: 0,
    duplicates: 0,
    lost: 0,
    pending: 0,
    undecryptable: 0,
    retried: 0,
    received: 0,
    missing: 0,
    qrCodesServed: 0,
    pairings: 0,
    logins: 0,
    connections: 0,
    preKeysUploaded: 0,
    preKeysConsumed: 0,
    reusedPreKeyIds: 0,
  }
}

/** Adds `amount` to one counter of every one of `stats`. */
export function count(stats: LoopbackStats[], name: keyof LoopbackStats, amount = 1): void {
  for (const each of stats) each[name] += amount
}
