import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { type ApiRequest, type Reply, refusal } from '../server/index.js'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
}

/** Nothing inline, nothing from elsewhere: what gets into the page as text stays text. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

interface Asset {
  readonly body: Buffer
  readonly type: string
  readonly etag: string
}

/** The page's files, read once. They hold no data, so that everybody may have them. */
export class Assets {
  readonly #folder: string
  #files: Promise<ReadonlyMap<string, Asset>> | null = null

  constructor(folder: string = path.join(import.meta.dirname, 'assets')) {
    this.#folder = folder
  }

  async page(): Promise<Reply> {
    const page = (await this.#all()).get('index.html')
    if (page === undefined) return refusal(404, 'notFound', 'The package holds no page; install it anew.')
    return { status: 200, text: page.body, headers: headersOf(page) }
  }

  /** Kept by browsers, and asked for again with its digest: 304 when it is the same. */
  async file({ params, headers }: ApiRequest): Promise<Reply> {
    const file = (await this.#all()).get(params.file!)
    if (file === undefined) return refusal(404, 'notFound', 'There is no such file.')
    const kept = { ...headersOf(file), 'cache-control': 'no-cache', etag: file.etag }
    const known = String(headers['if-none-match'] ?? '').split(/\s*,\s*/)
    if (known.includes(file.etag) || known.includes(`W/${file.etag}`)) return { status: 304, headers: kept }
    return { status: 200, text: file.body, headers: kept }
  }

  #all(): Promise<ReadonlyMap<string, Asset>> {
    this.#files ??= this.#read().catch((error: unknown) => {
      this.#files = null
      throw error
    })
    return this.#files
  }

  /** Only what lies there is served, by its name: a name from outside never becomes a path. */
  async #read(): Promise<Map<string, Asset>> {
    const names = await readdir(this.#folder).catch(() => [])
    const files = names.flatMap((name) => {
      const type = types[path.extname(name)]
      return type === undefined ? [] : [{ name, type }]
    })
    const read = async ({ name, type }: { name: string; type: string }) => {
      const body = await readFile(path.join(this.#folder, name))
      const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
      return [name, { body, type, etag }] as const
    }
    return new Map(await Promise.all(files.map(read)))
  }
}

function headersOf({ type }: Asset): Record<string, string> {
  return { 'content-type': type, 'content-security-policy': policy }
}
