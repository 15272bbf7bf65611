import { SessionError } from '../errors.js'
import { keyFileType } from '../ports/key-file-name.js'
import type { HighWaterMarks } from '../ports/registry.js'
import { parseKeyFile } from './hash.js'
import { credsFile, maxPreKeyId, readCreds } from './marks.js'

/**
 * Ids left out above the highest known one: pre-keys that were given to WhatsApp after the last commit (the barrier's
 * wait is bounded) are then not issued again either. One upload of Baileys is at most 812 keys.
 */
export const preKeyGap = 1000

export interface OlderFiles {
  readonly files: ReadonlyMap<string, string>
  /** Types of the files that were left out, with their count. */
  readonly dropped: Readonly<Record<string, number>>
  readonly nextPreKeyId: number
}

/**
 * Makes the files of an older generation fit to be started from. Pre-key ids that newer generations gave to WhatsApp
 * must not be issued again with other keys, so both counters go above `marks`. At login Baileys uploads new pre-keys
 * when the one before `nextPreKeyId` is not in storage (socket.js, `uploadPreKeysToServerIfRequired`): the gap makes
 * sure that it is not. What is harmful when stale is dropped: sender-key-memory ("already sent" is false) and
 * app-state-sync-version (Baileys syncs again).
 *
 * The result is committed as a new snapshot on top of the head, before the session is started from it: the snapshot's
 * marks are what keeps the next restore from giving the same ids again. History is not rewritten.
 * @throws `corrupt` creds.json is missing or damaged · `tooLarge` no pre-key ids are left
 */
export function prepareOlder(files: ReadonlyMap<string, string>, marks: HighWaterMarks): OlderFiles {
  const content = files.get(credsFile)
  const facts = readCreds(content)
  if (content === undefined || facts === null) {
    throw new SessionError('corrupt', 'The older generation has no usable creds.json: choose another one.')
  }
  const kept = new Map<string, string>()
  const dropped: Record<string, number> = {}
  let highest = Math.max(marks.nextPreKeyId, facts.marks.nextPreKeyId)
  for (const [name, text] of files) {
    const type = keyFileType(name)
    if (type === 'sender-key-memory' || type === 'app-state-sync-version') {
      dropped[type] = (dropped[type] ?? 0) + 1
      continue
    }
    highest = Math.max(highest, preKeyIdOf(name) + 1)
    kept.set(name, text)
  }
  const nextPreKeyId = highest + preKeyGap
  if (nextPreKeyId > maxPreKeyId) throw new SessionError('tooLarge', 'The session has no pre-key ids left.')
  const creds = { ...(parseKeyFile(content) as object), nextPreKeyId, firstUnuploadedPreKeyId: nextPreKeyId }
  kept.set(credsFile, JSON.stringify(creds))
  return { files: kept, dropped, nextPreKeyId }
}

function preKeyIdOf(name: string): number {
  const id = Number(/^pre-key-(\d+)\.json$/.exec(name)?.[1])
  return id <= maxPreKeyId ? id : -1
}
