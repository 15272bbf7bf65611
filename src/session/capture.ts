/** What a backup takes of a folder: all that the committed generation lacks, as of one moment. */
export interface Capture {
  /** The folder's position that this covers. */
  readonly position: number
  /** Name → content, or null for a deletion. */
  readonly changes: ReadonlyMap<string, string | null>
  readonly hashes: ReadonlyMap<string, string | null>
  /** Digest over the names and hashes of the whole set with these changes. */
  readonly tree: string
  /** Of the whole set. */
  readonly fileCount: number
  /** Of the whole set. */
  readonly totalBytes: number
  /** From creds.json; 0 when there is none. */
  readonly nextPreKeyId: number
}
