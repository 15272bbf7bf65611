import type { ObjectStore } from '../src/ports/object-store.js'
import type { Head, HeadSwap, Registry } from '../src/ports/registry.js'
import { encodeGeneration, uploadGeneration } from '../src/replication/commit.js'
import { FileTree } from '../src/replication/file-tree.js'
import { hashKeyFile } from '../src/replication/hash.js'
import type { Files } from './sessions.js'

/** Uploads a session as one snapshot, as its last host would have left it. */
export async function seed(store: ObjectStore, tenantId: string, files: Files): Promise<Head> {
  const tree = new FileTree([...files].map(([name, content]) => [name, hashKeyFile(content, name)!]))
  const { objects, head } = await encodeGeneration({
    tenantId,
    epoch: 1,
    head: null,
    state: null,
    changes: files,
    tree,
    readFiles: () => files,
    nowMs: Date.now(),
    random: Math.random,
  })
  await uploadGeneration(store, objects)
  return head
}

const lastHost = 'the-host-before'

/** Tenants as their last host left them: a snapshot each in the store; head, lease given up and `running` in the registry. */
export async function seedTenants(
  { store, registry }: { store: ObjectStore; registry: Registry },
  names: readonly string[],
  files: Files,
): Promise<void> {
  const swaps: HeadSwap[] = []
  for (const tenantId of names) {
    const head = await seed(store, tenantId, files)
    await registry.setDesired(tenantId, 'running')
    const { lease } = await registry.acquire({ tenantId, owner: lastHost, ttlMs: 60_000 })
    swaps.push({ tenantId, owner: lastHost, epoch: lease.epoch, expectedSeq: 0, head })
  }
  const outcomes = await registry.commit(swaps)
  if (outcomes.some((outcome) => outcome !== 'committed')) throw new Error('The tenants could not be seeded.')
  await registry.release(lastHost, swaps)
}
