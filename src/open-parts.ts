import type { RegistryConfig, StoreConfig } from './config.js'
import { isSessionError } from './errors.js'
import type { Clock, Logger, ObjectStore, Registry } from './ports/index.js'
import { memoryRegistry } from './registry/memory.js'
import { pgliteRegistry } from './registry/pglite.js'
import { prismaRegistry } from './registry/prisma.js'
import { directoryStore, memoryStore, supabaseStore } from './stores/index.js'

/** @throws SessionError `denied` · `missing`; that it does not answer is only told */
export async function checkStore(store: ObjectStore, logger: Logger): Promise<void> {
  try {
    await store.check()
  } catch (error) {
    if (!isSessionError(error, 'unavailable')) throw error
    logger.warn(
      { err: error },
      'the store does not answer; tenants with a local session start without it, the others wait for it',
    )
  }
}

export function isStore(value: StoreConfig | ObjectStore): value is ObjectStore {
  return 'put' in value
}

export function isRegistry(value: RegistryConfig | Registry): value is Registry {
  return 'acquire' in value
}

export function storeOf(config: StoreConfig): ObjectStore {
  switch (config.kind) {
    case 'supabase':
      return supabaseStore(config)
    case 'directory':
      return directoryStore(config)
    case 'memory':
      return memoryStore()
  }
}

export function registryOf(config: RegistryConfig, clock: Clock): Registry {
  switch (config.kind) {
    case 'postgresql':
      return prismaRegistry(config)
    case 'pglite':
      return pgliteRegistry(config)
    case 'memory':
      return memoryRegistry({ clock })
  }
}
