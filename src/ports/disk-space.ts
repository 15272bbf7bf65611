/** How full the disk of the sessions is. */
export interface DiskSpace {
  readonly freeBytes: number
  readonly totalBytes: number
}

/** Asks the disk. Rejects when it cannot tell. */
export type ReadDiskSpace = () => Promise<DiskSpace>
