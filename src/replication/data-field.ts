import { encodeBase64 } from './base64.js'

/*
 * A document's field `data` is a hundred kilobytes of base64 and the rest of it less than one. So that no text is made
 * of it, it is put into the JSON of the rest, and cut out of it, as bytes.
 */

const opening = Buffer.from('"data":"')
const [quote, comma, brace] = Buffer.from('",{')

/** @param text canonical JSON with an empty `data` @throws TypeError it has none: what would be written could not be read */
export function putData(text: string, data: Buffer): Buffer {
  const found = text.indexOf('"data":""')
  if (found < 0) throw new TypeError('Expected a document with an empty `data`.')
  const at = found + opening.length
  return Buffer.concat([Buffer.from(text.slice(0, at)), encodeBase64(data), Buffer.from(text.slice(at))])
}

/**
 * A quote after a comma or a brace is not an escaped one. So where the rest is JSON, it opens the key `data` of some
 * object, whose value is '' now: callers look whether that object is the right one.
 * @returns `base64`: null where no such field holds a text
 */
export function cutData(body: Buffer): { rest: Buffer; base64: Buffer | null } {
  const at = body.indexOf(opening)
  const from = at + opening.length
  const to = at < 1 ? -1 : body.indexOf(quote!, from)
  if (to < 0 || (body[at - 1] !== comma && body[at - 1] !== brace)) return { rest: body, base64: null }
  return {
    rest: Buffer.concat([body.subarray(0, from), body.subarray(to)]),
    base64: body.subarray(from, to),
  }
}
