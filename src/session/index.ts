export type { AuditResult } from './audit.js'
export type { Base, BaseHead } from './base.js'
export type { Capture } from './capture.js'
export type { Disk, FileFacts } from './disk.js'
export type { FolderListener } from './folder-listeners.js'
export type { KeyFolder } from './key-folder.js'
export type { LocalCopy } from './local-copy.js'
export type { OpenOptions } from './open-folder.js'
export {
  formerOwnersOf,
  openSessionRoot,
  openSharedRoot,
  type SessionRootOptions,
  type SharedRootOptions,
} from './open-session-root.js'
export type { RestoreThreadsOptions } from './restore-threads.js'
export type { SessionRoot } from './session-root.js'
