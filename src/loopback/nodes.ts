import type { BinaryNode } from '@whiskeysockets/baileys'
import { getBinaryNodeChild, getBinaryNodeChildBuffer } from '@whiskeysockets/baileys'
import { SERVER_JID } from './jids.js'

export type Content = BinaryNode['content']

export function element(tag: string, attrs: Record<string, string> = {}, content?: Content): BinaryNode {
  return content === undefined ? { tag, attrs } : { tag, attrs, content }
}

export function iqResult(request: BinaryNode, content?: BinaryNode[]): BinaryNode {
  const from = request.attrs.to ?? SERVER_JID
  return element('iq', { id: request.attrs.id ?? '', from, type: 'result' }, content)
}

export function iqError(request: BinaryNode, code: number, text: string): BinaryNode {
  const from = request.attrs.to ?? SERVER_JID
  const error = element('error', { code: String(code), text })
  return element('iq', { id: request.attrs.id ?? '', from, type: 'error' }, [error])
}

export function childrenOf(node: BinaryNode | undefined): BinaryNode[] {
  return Array.isArray(node?.content) ? node.content : []
}

/** The descendant reached by following `tags`. */
export function descend(node: BinaryNode | undefined, ...tags: string[]): BinaryNode | undefined {
  return tags.reduce<BinaryNode | undefined>((at, tag) => getBinaryNodeChild(at, tag), node)
}

export function bytesOf(node: BinaryNode | undefined, tag: string): Buffer | undefined {
  const bytes = getBinaryNodeChildBuffer(node, tag)
  return bytes && Buffer.from(bytes)
}

export function contentBytes(node: BinaryNode | undefined): Buffer | undefined {
  return node?.content instanceof Uint8Array ? Buffer.from(node.content) : undefined
}

export function bigEndian(value: number, bytes: number): Buffer {
  const out = Buffer.alloc(bytes)
  out.writeUIntBE(value, 0, bytes)
  return out
}
