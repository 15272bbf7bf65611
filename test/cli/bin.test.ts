import { execFile } from 'node:child_process'
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { emptyFolder } from './run.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Through npx, with caches of its own, as somebody who has just cloned it. On Node 24 npm keeps compiled code, too. */
function npx(folder: string): Promise<{ exitCode: number; output: string }> {
  const caches = { npm_config_cache: path.join(folder, 'cache'), TMPDIR: folder }
  const env = { ...process.env, ...caches, npm_config_offline: 'true' }
  return new Promise((resolve) => {
    const args = ['session-supervisor', '--version']
    execFile('npx', args, { cwd: path.join(folder, 'clone'), env }, (error, stdout, stderr) => {
      resolve({ exitCode: error ? Number(error.code) : 0, output: stdout + stderr })
    })
  })
}

describe('npx session-supervisor in a clone', () => {
  it('says that it is not built yet, and runs when it is', async () => {
    const folder = await emptyFolder()
    const clone = path.join(folder, 'clone')
    await mkdir(clone)
    for (const part of ['bin', 'package.json'])
      await cp(path.join(root, part), path.join(clone, part), { recursive: true })
    await writeFile(path.join(clone, '.npmrc'), 'audit=false\nfund=false\n')
    expect(await npx(folder)).toMatchObject({ exitCode: 1, output: expect.stringContaining('npm run build') })
    await symlink(path.join(root, 'dist'), path.join(clone, 'dist'))
    await symlink(path.join(root, 'node_modules'), path.join(clone, 'node_modules'))
    expect(await npx(folder)).toMatchObject({ exitCode: 0, output: expect.stringMatching(/^\d+\.\d+\.\d+/) })
  })
})
