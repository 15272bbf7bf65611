/** Key files to write: name → content (UTF-8 JSON), or null to delete. One map is one atomic batch. */
export type KeyFileBatch = ReadonlyMap<string, string | null>

/** How much a change matters: an `urgent` one is to be durable remotely before WhatsApp is told of it. */
export type Urgency = 'ordinary' | 'urgent'

/** A tenant's key files as the code that speaks to WhatsApp sees them. */
export interface KeyFiles {
  /** Content of a file, or null when there is none. @throws `corrupt` the file is damaged · `closed` */
  read(name: string): Promise<string | null>
  /**
   * Writes a batch, atomically across a kill of the process, after all earlier batches. Contents equal to what is
   * stored are not a change. Resolves when it is on disk, with the position it left the folder at.
   * @throws `closed` after close · `diskFull` nothing was changed · `invalid` a name that may not be a file
   */
  write(batch: KeyFileBatch, urgency?: Urgency): Promise<number>
}
