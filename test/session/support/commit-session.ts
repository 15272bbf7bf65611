import type { ObjectStore } from '../../../src/ports/object-store.js'
import type { Head } from '../../../src/ports/registry.js'
import { encodeGeneration, uploadGeneration } from '../../../src/replication/commit.js'
import { treeOf } from './session-fixture.js'

/** A tenant's first generation, of these files. */
export async function commitSession(
  store: ObjectStore,
  tenantId: string,
  files: ReadonlyMap<string, string>,
): Promise<Head> {
  const { objects, head } = await encodeGeneration({
    tenantId,
    epoch: 1,
    head: null,
    state: null,
    changes: files,
    tree: treeOf(files),
    readFiles: () => files,
    nowMs: 1_700_000_000_000,
    random: Math.random,
  })
  await uploadGeneration(store, objects)
  return head
}
