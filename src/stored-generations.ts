import { countContents, knownContents } from './generation-contents.js'
import type { ObjectInfo, ObjectStore, Registry } from './ports/index.js'
import { generationsPrefix, neededSeqs, parseObjectKey } from './replication/object-names.js'
import type { CountFiles, StoredGeneration } from './supervisor-api.js'

/**
 * A tenant's backups, the newest first, from one listing and the registry's head. Of several with one number, which only
 * a lost race leaves, the head's own is told where there is one.
 * @param count downloads to learn of their files; without it none
 * @throws SessionError of the store and of the registry
 */
export async function storedGenerations(
  { store, registry }: { store: ObjectStore; registry: Registry },
  tenantId: string,
  count?: CountFiles,
): Promise<StoredGeneration[]> {
  const [objects, record] = await Promise.all([
    store.list(generationsPrefix(tenantId)),
    registry.read(tenantId),
  ])
  const headKey = record?.head?.key ?? null
  const found = [...byName(tenantId, objects, headKey)]
    .map(([name, generation]) => ({ name, ...generation }))
    .sort((a, b) => b.seq - a.seq || Number(b.isHead) - Number(a.isHead) || b.createdAt - a.createdAt)
  if (count !== undefined) {
    const asked = found.filter(({ seq }) => count.below === null || seq < count.below)
    await countContents(store, tenantId, asked, count.most)
  }
  return found.map(({ name, ...generation }) => ({
    ...generation,
    ...knownContents(store, tenantId, name),
  }))
}

type Listed = Omit<StoredGeneration, 'files' | 'changes'>

function byName(
  tenantId: string,
  objects: readonly ObjectInfo[],
  headKey: string | null,
): Map<string, Listed> {
  const found = new Map<string, Listed>()
  for (const { key, bytes, createdAt } of objects) {
    const object = parseObjectKey(tenantId, key)
    if (object === null) continue
    const { seq, kind } = object.generation
    const before = found.get(object.name)
    found.set(object.name, {
      seq,
      kind,
      createdAt: Math.max(createdAt, before?.createdAt ?? 0),
      bytes: bytes + (before?.bytes ?? 0),
      objects: 1 + (before?.objects ?? 0),
      isHead: key === headKey || (before?.isHead ?? false),
      needs: neededSeqs(object.generation),
    })
  }
  return found
}
