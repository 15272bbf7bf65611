import { isUtf8 } from 'node:buffer'
import { isKeyFileName, keyFileType } from '../ports/key-file-name.js'
import { hashKeyFile } from './hash.js'
import { sharedName } from './shared-names.js'
import { StableText } from './stable-text.js'

export interface ReadPayload {
  readonly changes: ReadonlyMap<string, string | null>
  /** Of the contents, each parsed for it. */
  readonly hashes: ReadonlyMap<string, string>
}

/** Throws with the reason, which never holds a name or a content. */
type Refuse = (reason: string) => never

/**
 * Reads what `payloadText` wrote, string by string: as one text, a whole session would be one of those that V8 gives pages
 * of their own, and comparing it with what its value would be written as would take another. Every name and content is
 * checked, and no other text passes than that one; so no name comes twice, which JSON itself lets through.
 */
export function readPayload(plain: Buffer, refuse: Refuse): ReadPayload {
  if (!isUtf8(plain)) refuse('its payload is not UTF-8')
  const text = new StableText(plain, () => refuse('its payload is not in stable form or names a file twice'))
  const changes = new Map<string, string | null>()
  const hashes = new Map<string, string>()
  text.expect('{"deletes":[')
  text.sortedStrings(']', (name) => {
    if (!isKeyFileName(name)) refuse('it deletes a name that no key file may have')
    changes.set(name, null)
  })
  text.expect(',"puts":{')
  text.sortedStrings('}', (name) => {
    if (!isKeyFileName(name)) refuse('it holds a name that no key file may have')
    if (changes.has(name)) refuse('it names a file twice')
    text.expect(':')
    const content = text.string()
    const hash = hashKeyFile(content, name)
    if (hash === null) refuse(`it holds a damaged file of type ${keyFileType(name)}`)
    const shared = sharedName(name)
    changes.set(shared, content)
    hashes.set(shared, hash as string)
  })
  text.expect('}')
  text.expectEnd()
  return { changes, hashes }
}
