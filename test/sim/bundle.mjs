import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Bundles the simulation (or another `entry`) into one file, with `edits` made to the product's sources on the way:
 * `{ file, from, to }`, where `from` must occur exactly once. So a bug can be planted without a switch in the product.
 * @param others entries of files beside it, by name
 * @returns the path of the bundle
 */
export async function bundle(name, edits = [], entry = 'test/sim/main.ts', others = {}) {
  const folder = join(root, 'node_modules', '.cache', 'simulation', `${process.pid}-${name}`)
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const left = new Set(edits)
  await build({
    root,
    configFile: false,
    logLevel: 'silent',
    plugins: [{ name: 'plant', enforce: 'pre', transform: (code, id) => plant(code, id, left) }],
    build: {
      ssr: true,
      outDir: folder,
      emptyOutDir: false,
      minify: false,
      rollupOptions: {
        input: { main: entry, ...others },
        output: { entryFileNames: '[name].mjs', chunkFileNames: '[name].mjs' },
      },
    },
  })
  if (left.size > 0) throw new Error(`Not in the bundle: ${[...left].map(({ file }) => file).join(', ')}`)
  return { path: join(folder, 'main.mjs'), remove: () => rm(folder, { recursive: true, force: true }) }
}

function plant(code, id, left) {
  let planted = code
  for (const edit of [...left]) {
    if (!id.endsWith(edit.file)) continue
    if (planted.split(edit.from).length !== 2) {
      throw new Error(`Expected exactly once in ${edit.file}: ${edit.from}`)
    }
    planted = planted.replace(edit.from, () => edit.to)
    left.delete(edit)
  }
  return planted === code ? null : { code: planted, map: null }
}
