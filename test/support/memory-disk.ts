import { cutByAnother, type Disk, type FileFacts } from '../../src/session/disk.js'

interface FileNode {
  readonly kind: 'file'
  bytes: Uint8Array
  ino: number
  mtimeMs: number
  mode: number
}

interface DirectoryNode {
  readonly kind: 'directory'
  readonly children: Map<string, Node>
  readonly ino: number
  mode: number
}

type Node = FileNode | DirectoryNode

/** What a call is about to do; a hook may throw instead of letting it. */
export interface DiskCall {
  readonly call: keyof Disk
  readonly path: string
  /** For `create` and `append`: what is to be written. */
  readonly bytes?: Uint8Array
  /** For `create` and `append`: writes the first `count` bytes only, as a process killed in the middle would. */
  tear(count: number): void
}

export type DiskHook = (call: DiskCall) => void

/** The content of a disk in memory. It outlives the processes that use it; a handle belongs to one of them. */
export class MemoryDisk {
  #root: DirectoryNode = directory(1)
  #inodes = 1
  readonly #now: () => number

  /** @param now gives modification times, milliseconds since the Unix epoch */
  constructor(now: () => number) {
    this.#now = now
  }

  wipe(): void {
    this.#root = directory(++this.#inodes)
  }

  /** What is on it now, as a snapshot of the volume: it changes no more when this disk does. */
  copy(): MemoryDisk {
    const copy = new MemoryDisk(this.#now)
    copy.#root = copyOf(this.#root)
    copy.#inodes = this.#inodes
    return copy
  }

  /** Becomes what `other` is; nothing is shared with it afterwards. */
  putBack(other: MemoryDisk): void {
    this.#root = copyOf(other.#root)
  }

  /** Paths of all files with their bytes, below `path`. */
  files(path = '/'): Map<string, Uint8Array> {
    const found = new Map<string, Uint8Array>()
    const visit = (at: string, node: Node | null) => {
      if (node?.kind === 'file') found.set(at, node.bytes)
      else for (const [name, child] of node?.children ?? []) visit(`${at === '/' ? '' : at}/${name}`, child)
    }
    visit(path, this.#find(path))
    return found
  }

  /** The disk as one process sees it. `before` is called with every call and may throw. */
  handle(before: DiskHook = () => {}): Disk {
    const told = (call: keyof Disk, path: string) => before({ call, path, tear: () => {} })
    const writing = (call: 'create' | 'append', path: string, bytes: Uint8Array, offset: number | null) => {
      const write = (part: Uint8Array) =>
        offset === null ? this.#create(path, part) : this.#append(path, part, offset)
      before({ call, path, bytes, tear: (count) => void write(bytes.subarray(0, count)) })
      return write(bytes)
    }
    return {
      read: (path) => {
        told('read', path)
        return this.#read(path)
      },
      create: (path, bytes) => writing('create', path, bytes, null),
      append: (path, bytes, offset) => void writing('append', path, bytes, offset),
      rename: (from, to) => {
        told('rename', to)
        this.#rename(from, to)
      },
      unlink: (path) => {
        told('unlink', path)
        this.#remove(path)
      },
      makeDirectory: (path) => {
        told('makeDirectory', path)
        this.#makeDirectory(path)
      },
      removeTree: (path) => {
        told('removeTree', path)
        this.#remove(path)
      },
      list: (path) => {
        told('list', path)
        const node = this.#find(path)
        return node === null ? [] : [...asDirectory(node, 'scandir').children.keys()].sort()
      },
      look: (path) => {
        told('look', path)
        const node = this.#find(path)
        return node && factsOf(node)
      },
      setMode: (path, mode) => {
        told('setMode', path)
        const node = this.#find(path) ?? fail('ENOENT', 'chmod')
        node.mode = mode
      },
      sync: async (path) => {
        told('sync', path)
        if (this.#find(path) === null) fail('ENOENT', 'open')
      },
    }
  }

  #read(path: string): { bytes: Buffer; facts: FileFacts } | null {
    const node = this.#find(path)
    if (node === null) return null
    if (node.kind === 'directory') fail('EFTYPE', 'read')
    return { bytes: Buffer.from(node.bytes), facts: factsOf(node) }
  }

  #create(path: string, bytes: Uint8Array): FileFacts {
    const { parent, name } = this.#place(path)
    const before = parent.children.get(name)
    if (before?.kind === 'directory') fail('EISDIR', 'open')
    const node: FileNode = {
      kind: 'file',
      bytes: Uint8Array.from(bytes),
      ino: before?.ino ?? ++this.#inodes,
      mtimeMs: this.#now(),
      mode: before?.mode ?? 0o600,
    }
    parent.children.set(name, node)
    return factsOf(node)
  }

  #append(path: string, bytes: Uint8Array, offset: number): FileFacts {
    const node = this.#find(path) ?? fail('ENOENT', 'open')
    if (node.kind === 'directory') fail('EISDIR', 'open')
    if (node.bytes.length < offset) fail(cutByAnother, 'write')
    const joined = new Uint8Array(offset + bytes.length)
    joined.set(node.bytes.subarray(0, offset))
    joined.set(bytes, offset)
    node.bytes = joined
    node.mtimeMs = this.#now()
    return factsOf(node)
  }

  #rename(from: string, to: string): void {
    const source = this.#place(from)
    const node = source.parent.children.get(source.name) ?? fail('ENOENT', 'rename')
    const target = this.#place(to)
    const there = target.parent.children.get(target.name)
    if (there?.kind === 'directory') {
      if (node.kind !== 'directory') fail('EISDIR', 'rename')
      if (there.children.size > 0) fail('ENOTEMPTY', 'rename')
    } else if (there && node.kind === 'directory') fail('ENOTDIR', 'rename')
    source.parent.children.delete(source.name)
    target.parent.children.set(target.name, node)
  }

  #remove(path: string): void {
    const segments = segmentsOf(path)
    const parent = this.#findAll(segments.slice(0, -1))
    if (parent?.kind === 'directory') parent.children.delete(segments.at(-1)!)
  }

  #makeDirectory(path: string): void {
    let at: DirectoryNode = this.#root
    for (const name of segmentsOf(path)) {
      const next = at.children.get(name) ?? directory(++this.#inodes)
      at.children.set(name, next)
      at = asDirectory(next, 'mkdir')
    }
  }

  #place(path: string): { parent: DirectoryNode; name: string } {
    const segments = segmentsOf(path)
    const parent = this.#findAll(segments.slice(0, -1)) ?? fail('ENOENT', 'open')
    return { parent: asDirectory(parent, 'open'), name: segments.at(-1)! }
  }

  #find(path: string): Node | null {
    return this.#findAll(segmentsOf(path))
  }

  #findAll(segments: readonly string[]): Node | null {
    let at: Node = this.#root
    for (const name of segments) {
      const next: Node | undefined = at.kind === 'directory' ? at.children.get(name) : undefined
      if (next === undefined) return null
      at = next
    }
    return at
  }
}

function directory(ino: number): DirectoryNode {
  return { kind: 'directory', children: new Map(), ino, mode: 0o700 }
}

function copyOf<N extends Node>(node: N): N {
  if (node.kind === 'file') return { ...node }
  const children = [...node.children].map(([name, child]) => [name, copyOf(child)] as const)
  return { ...node, children: new Map(children) }
}

function segmentsOf(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '')
}

function asDirectory(node: Node, syscall: string): DirectoryNode {
  return node.kind === 'directory' ? node : fail('ENOTDIR', syscall)
}

function factsOf(node: Node): FileFacts {
  const { kind, ino, mode } = node
  return kind === 'file'
    ? { kind, ino, mode, bytes: node.bytes.length, mtimeMs: node.mtimeMs }
    : { kind, ino, mode, bytes: 0, mtimeMs: 0 }
}

/** As Node's errors: the code decides what the product makes of it. */
function fail(code: string, syscall: string): never {
  throw Object.assign(new Error(`${code}: ${syscall}`), { code, syscall })
}
