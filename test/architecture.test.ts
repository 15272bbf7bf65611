import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'

const top = path.join(import.meta.dirname, '..')

/** Folders (or files right in src) → what they may import of this project. `types` are for `import type` only. */
const mayImport: Record<string, { from: string[]; types?: string[] }> = {
  machines: { from: [] },
  'src/errors.ts': { from: [] },
  'src/error-by-message.ts': { from: ['src/errors.ts'] },
  'src/turns.ts': { from: [] },
  'src/utf8.ts': { from: [] },
  'src/ports': { from: ['src/errors.ts'] },
  'src/replication': { from: ['src/errors.ts', 'src/turns.ts', 'src/utf8.ts', 'src/ports'] },
  'src/stores': { from: ['src/errors.ts', 'src/ports', 'src/replication'] },
  'src/registry': { from: ['src/errors.ts', 'src/ports', 'src/replication', 'src/generated'] },
  'src/session': {
    from: [
      'src/errors.ts',
      'src/error-by-message.ts',
      'src/turns.ts',
      'src/utf8.ts',
      'src/ports',
      'src/replication',
    ],
  },
  'src/whatsapp': { from: ['src/errors.ts', 'src/ports', 'src/replication'] },
  'src/loopback': { from: ['src/errors.ts'] },
  'src/actors': {
    from: ['src/errors.ts', 'src/turns.ts', 'src/ports', 'src/replication'],
    types: ['machines', 'src/session'],
  },
  'src/server': {
    from: ['src/errors.ts', 'src/ports', 'src/replication', 'src/metrics'],
    types: ['src/index.ts', 'src/supervisor.ts', 'src/session-api.ts', 'src/config.ts'],
  },
  'src/metrics': {
    from: ['src/errors.ts', 'src/alerts/alert.ts'],
    types: ['src/index.ts', 'src/supervisor.ts', 'src/supervisor-api.ts', 'src/session-api.ts'],
  },
  'src/alerts': {
    from: ['src/errors.ts', 'src/ports'],
    types: ['src/index.ts', 'src/supervisor.ts', 'src/session-api.ts', 'src/settings.ts'],
  },
  'src/inspection.ts': {
    from: ['src/visualizer/edge-id.ts'],
    types: ['machines', 'src/ports', 'src/supervisor-api.ts'],
  },
  'src/visualizer': { from: ['machines', 'src/errors.ts'] },
  'src/dashboard': {
    from: ['src/errors.ts', 'src/ports', 'src/server', 'src/visualizer', 'src/session-facts.ts'],
    types: ['src/index.ts', 'src/supervisor.ts', 'src/supervisor-api.ts', 'src/session-api.ts'],
  },
  'src/workers': {
    from: [
      'src/alerts',
      'src/config.ts',
      'src/create-supervisor.ts',
      'src/errors.ts',
      'src/error-by-message.ts',
      'src/logger.ts',
      'src/open-parts.ts',
      'src/ports',
      'src/release-former.ts',
      'src/session',
      'src/settings.ts',
      'src/signals.ts',
      'src/stored-generations.ts',
      'src/typed-events.ts',
    ],
    types: ['machines', 'src/session-api.ts', 'src/supervisor.ts', 'src/supervisor-api.ts'],
  },
  'src/demo': { from: ['src/index.ts', 'src/loopback'] },
}

/** Packages → the only places that may import them (types excepted). */
const ownFolders: Record<string, string[]> = {
  '@whiskeysockets/baileys': ['src/whatsapp', 'src/loopback'],
  '@supabase/supabase-js': ['src/stores'],
  '@prisma/client': ['src/registry', 'src/generated'],
  '@prisma/adapter-pg': ['src/registry'],
  '@electric-sql/pglite': ['src/registry'],
  pg: ['src/registry'],
  '@resvg/resvg-wasm': ['src/visualizer'],
  'prom-client': ['src/metrics'],
  xstate: ['machines', 'src/implementations.ts', 'src/tenant-session.ts', 'src/session-status.ts'],
}

interface Import {
  readonly file: string
  readonly target: string
  readonly typeOnly: boolean
}

const sources = ['machines', 'src'].flatMap((folder) => sourcesBelow(folder))
const imports = sources.flatMap((file) => importsOf(file))

describe('who imports whom', () => {
  it('finds the imports it judges', () => {
    expect(sources.length).toBeGreaterThan(100)
    expect(imports.length).toBeGreaterThan(300)
  })

  it.each(Object.entries(mayImport))('%s keeps to its own', (place, { from, types = [] }) => {
    const strays = imports
      .filter(({ file, target }) => isIn(file, place) && target.startsWith('.'))
      .map((found) => ({ ...found, resolved: resolve(found) }))
      .filter(({ resolved, typeOnly }) => {
        const allowed = [place, ...from, ...(typeOnly ? types : [])]
        return !allowed.some((other) => isIn(resolved, other))
      })
    expect(strays).toEqual([])
  })

  it.each(Object.entries(ownFolders))('%s is imported in its own place alone', (name, places) => {
    const strays = imports.filter(
      ({ file, target, typeOnly }) =>
        !typeOnly &&
        (target === name || target.startsWith(`${name}/`)) &&
        !places.some((place) => isIn(file, place)),
    )
    expect(strays).toEqual([])
  })

  it('provides the machines in one file', () => {
    const providers = sources.filter((file) => read(file).includes('.provide('))
    expect(providers).toEqual(['src/implementations.ts'])
  })

  it("reads XState's underscore API of transitions in one file", () => {
    const readers = sources.filter((file) => read(file).includes('._transitions'))
    expect(readers).toEqual(['src/visualizer/edge-id.ts'])
  })
})

describe('the house rules that can be counted', () => {
  it('keeps files at 300 lines or fewer, statecharts excepted', () => {
    const long = sources
      .filter((file) => !file.endsWith('.machine.ts'))
      .filter((file) => read(file).split('\n').length > 301)
    expect(long).toEqual([])
  })

  it('keeps the files of the page at 300 lines or fewer, and its texts out of HTML', () => {
    const page = readdirSync(path.join(top, 'src/dashboard/assets')).map(
      (name) => `src/dashboard/assets/${name}`,
    )
    expect(page.length).toBeGreaterThan(30)
    expect(page.filter((file) => read(file).split('\n').length > 301)).toEqual([])
    const unsafe = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|\bstyle="/
    expect(page.filter((file) => unsafe.test(read(file)))).toEqual([])
  })

  it('takes time and chance from its ports', () => {
    const ambient = /\b(Date\.now|new Date\(\)|Math\.random|performance\.now)\b/
    const logic = ['machines', 'src/replication', 'src/session', 'src/actors', 'src/alerts', 'src/metrics']
    const strays = sources.filter(
      (file) => logic.some((place) => isIn(file, place)) && ambient.test(read(file)),
    )
    expect(strays).toEqual([])
  })
})

function sourcesBelow(folder: string): string[] {
  return readdirSync(path.join(top, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => path.posix.join(folder, name))
    .filter((file) => file.endsWith('.ts') && !file.includes('/generated/'))
}

function read(file: string): string {
  return readFileSync(path.join(top, file), 'utf8')
}

function importsOf(file: string): Import[] {
  const found: Import[] = []
  const statement = /^(?:import|export)\s+(type\s+)?((?:[^'"]*?\sfrom\s+)?)['"]([^'"]+)['"]/gm
  for (const [, type, clause, target] of read(file).matchAll(statement)) {
    const names = /\{([\s\S]*)\}/.exec(clause ?? '')?.[1]?.split(',') ?? []
    const named = names.map((name) => name.trim()).filter(Boolean)
    const allTypes =
      named.length > 0 && /^\s*\{/.test(clause!) && named.every((name) => name.startsWith('type '))
    found.push({ file, target: target!, typeOnly: Boolean(type) || allTypes })
  }
  for (const [, target] of read(file).matchAll(/\bimport\(\s*['"]([^'"]+)['"]/g)) {
    found.push({ file, target: target!, typeOnly: false })
  }
  return found
}

function resolve({ file, target }: Import): string {
  return path.posix.join(path.posix.dirname(file), target).replace(/\.js$/, '.ts')
}

function isIn(file: string, place: string): boolean {
  return file === place || file.startsWith(`${place}/`)
}
