/** Keeps processes that share a session directory out of each other's folders. */
export interface FolderHolds {
  /**
   * Resolves when no other process touches the tenant's folder, and none will until `giveBack`. Held ones are given
   * again.
   * @throws SessionError `leased` another process still does; try again · `closed` nobody can say any more
   */
  take(tenantId: string): Promise<void>
  /** Others may have it; what is not held is no error. */
  giveBack(tenantId: string): void
}
