import { dirname } from 'node:path'
import type { Random } from '../ports/clock.js'
import type { Disk } from './disk.js'
import { randomHex } from './session-paths.js'
import { temporaryPath } from './temporary.js'

/**
 * The id of this directory as an owner of leases: made once, kept beside the sessions, so that a process that starts
 * again on the same disk takes its own leases back. One that cannot be read is replaced: the leases then expire.
 */
export async function ownerIdOf(disk: Disk, path: string, random: Random): Promise<string> {
  const known = readOwnerId(disk, path)
  if (known !== null) return known
  const ownerId = randomHex(random, 32)
  const temporary = temporaryPath(dirname(path), 'owner')
  disk.create(temporary, Buffer.from(`${JSON.stringify({ ownerId })}\n`))
  await disk.sync(temporary)
  disk.rename(temporary, path)
  await disk.sync(dirname(path))
  return ownerId
}

/** Null: none that can be read. */
export function readOwnerId(disk: Disk, path: string): string | null {
  try {
    const { ownerId } = JSON.parse(disk.read(path)?.bytes.toString('utf8') ?? '{}')
    return typeof ownerId === 'string' && /^[0-9a-f]{32}$/.test(ownerId) ? ownerId : null
  } catch {
    return null
  }
}
