import { pgliteRegistry } from '../../src/registry/pglite.js'
import { swapOf } from '../support/swaps.js'

// Commits generation after generation and says the number of each once it is acknowledged, until it is killed.
const registry = pgliteRegistry({ path: process.argv[2]! })
process.on('disconnect', () => process.exit())
try {
  await registry.open()
  const { lease, record } = await registry.acquire({ tenantId: 'tenant-1', owner: 'host-a', ttlMs: 60_000 })
  for (let seq = record.head?.seq ?? 0; ; seq++) {
    const [outcome] = await registry.commit([swapOf('tenant-1', seq, { epoch: lease.epoch })])
    if (outcome !== 'committed') throw new Error(`Generation ${seq + 1}: ${outcome}`)
    process.send!(seq + 1)
  }
} catch (error) {
  const { code, message } = error as { code?: string; message: string }
  process.send!({ code, message })
}
