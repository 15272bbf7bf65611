import type { WASocket } from '@whiskeysockets/baileys'
import type { SupervisorOptions } from '../create-supervisor.js'
import { SessionError } from '../errors.js'
import type { Supervisor } from '../supervisor.js'

/**
 * Default export of the module that `runWorkers` names: called once in each worker, before any tenant is brought up, to
 * attach its handlers. `worker` counts from 1.
 */
export type WorkerModule = (
  supervisor: Supervisor<WASocket>,
  about: { readonly worker: number },
) => void | Promise<void>

/** Export `supervisorOptions` of that module: what cannot be sent to another process. */
export type WorkerSupervisorOptions = Pick<SupervisorOptions, 'socketConfig' | 'link' | 'logger'>

export interface LoadedModule {
  readonly attach: WorkerModule
  readonly options: WorkerSupervisorOptions
}

/** @throws SessionError `invalid` it has no function as its default export; and whatever loading it throws */
export async function loadModule(url: string): Promise<LoadedModule> {
  const loaded = (await import(url)) as { default?: unknown; supervisorOptions?: WorkerSupervisorOptions }
  // A CommonJS module that was compiled from ESM has its default export one level down.
  const inner = loaded.default as
    | { default?: unknown; supervisorOptions?: WorkerSupervisorOptions }
    | undefined
  const attach = typeof loaded.default === 'function' ? loaded.default : inner?.default
  if (typeof attach === 'function') {
    const { socketConfig, link, logger } = loaded.supervisorOptions ?? inner?.supervisorOptions ?? {}
    const options = {
      ...(socketConfig && { socketConfig }),
      ...(link && { link }),
      ...(logger && { logger }),
    }
    return { attach: attach as WorkerModule, options }
  }
  throw new SessionError(
    'invalid',
    `The module ${url} has no function as its default export; write "export default (supervisor) => { supervisor.onSocket(…) }".`,
  )
}
