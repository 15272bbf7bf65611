import { join } from 'node:path'
import { SessionError } from '../errors.js'
import { isKeyFileName, keyFileType, maxKeyFileNameBytes } from '../ports/key-file-name.js'
import { credsFile, hashKeyFile, parseKeyFile } from '../replication/hash.js'
import { textOfUtf8 } from '../utf8.js'
import type { Disk, FileFacts } from './disk.js'

export const credsName = credsFile

/** A key file that may be trusted: it parses. */
export interface IntactFile {
  readonly content: string
  readonly hash: string
  readonly facts: FileFacts
}

export interface CredsFacts {
  readonly paired: boolean
  readonly nextPreKeyId: number
}

/** What replication must know of creds.json; null when it is damaged. "Paired" is `me.id` and `account` (not `registered`). */
export function parseCreds(content: string): CredsFacts | null {
  const creds = parseKeyFile(content) as { me?: { id?: unknown }; account?: unknown; nextPreKeyId?: unknown }
  if (typeof creds !== 'object' || Array.isArray(creds)) return null
  const nextPreKeyId = Number.isSafeInteger(creds.nextPreKeyId) ? (creds.nextPreKeyId as number) : 0
  return { paired: Boolean(creds.me?.id && creds.account), nextPreKeyId }
}

/** A key file as it is on disk: `damaged` when there is one that cannot be used, null when there is none. */
export function readKeyFile(disk: Disk, folder: string, name: string): IntactFile | 'damaged' | null {
  const file = readBytes(disk, folder, name)
  return file === null || file === 'damaged' ? file : judge(name, file)
}

/** The bytes of a file that may hold anything; `damaged` when it cannot be read, null when there is none. */
export function readBytes(disk: Disk, folder: string, name: string): RawFile | 'damaged' | null {
  try {
    return disk.read(join(folder, name))
  } catch {
    // Whatever the reason is, it is there and cannot be used.
    return 'damaged'
  }
}

export interface RawFile {
  readonly bytes: Buffer
  readonly facts: FileFacts
}

export function judge(name: string, { bytes, facts }: RawFile): IntactFile | 'damaged' {
  try {
    const content = textOfUtf8(bytes)
    const hash = hashKeyFile(content, name)
    return hash === null ? 'damaged' : { content, hash, facts }
  } catch {
    return 'damaged'
  }
}

/** @throws SessionError `invalid` */
export function checkKeyFileName(name: string): void {
  if (isKeyFileName(name)) return
  throw new SessionError(
    'invalid',
    `A name that may not be a key file was refused (type ${keyFileType(String(name))}): it must end in .json, not start with a dot, and be printable ASCII without / \\ : of at most ${maxKeyFileNameBytes} bytes. Nothing was written.`,
  )
}

/** Hash of content that is to be written. @throws SessionError `invalid` it would be a damaged file */
export function checkKeyFile(name: string, content: string): string {
  checkKeyFileName(name)
  const hash = hashKeyFile(content, name)
  if (hash !== null) return hash
  throw new SessionError(
    'invalid',
    `A ${keyFileType(name)} file was refused: its content is not JSON of a sensible depth (creds must be an object). Nothing was written.`,
  )
}
