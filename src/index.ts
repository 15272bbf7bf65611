export type { WASocket } from '@whiskeysockets/baileys'
export type { CloseReason, LinkStatus } from '../machines/index.js'
export type { SessionFact } from './actors/host.js'
export type { Alert, AlertName, WebhookConfig } from './alerts/index.js'
export { type Config, configFromEnv, type LogLevel, type RegistryConfig, type StoreConfig } from './config.js'
export { createSupervisor, type SupervisorOptions } from './create-supervisor.js'
export {
  type AttachedDashboard,
  attachDashboard,
  createDashboardServer,
  type DashboardOptions,
} from './dashboard/index.js'
export { type ErrorCode, isSessionError, SessionError } from './errors.js'
export { type SupervisorMetrics, supervisorMetrics } from './metrics/index.js'
export * from './ports/index.js'
export { memoryRegistry } from './registry/memory.js'
export { type PgliteRegistryOptions, pgliteRegistry } from './registry/pglite.js'
export { type PrismaRegistryOptions, prismaRegistry } from './registry/prisma.js'
export {
  createHttpServer,
  type HttpApi,
  type HttpServerOptions,
  type Supervised,
  type TenantView,
} from './server/index.js'
export type { AwaitedState, CloseResult, LinkWait, Session } from './session-api.js'
export { defaultSettings, type Settings } from './settings.js'
export {
  type DirectoryStoreOptions,
  describeSupabaseKey,
  directoryStore,
  type MemoryStoreOptions,
  memoryStore,
  type SupabaseSetupOptions,
  type SupabaseStoreOptions,
  setupSupabaseBucket,
  supabaseStore,
} from './stores/index.js'
export type { Supervisor } from './supervisor.js'
export type {
  LogoutOptions,
  MachineNow,
  MachineStep,
  MachinesNow,
  ShutdownResult,
  StartOptions,
  StoredGeneration,
  SupervisorEvents,
} from './supervisor-api.js'
export { runWorkers, type WorkersOptions } from './workers/run-workers.js'
export type { WorkerModule, WorkerSupervisorOptions } from './workers/worker-module.js'
export type { Workers } from './workers/workers.js'
export type { WorkerView } from './workers/workers-parts.js'
