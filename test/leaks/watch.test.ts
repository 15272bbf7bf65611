import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'

interface FileResult {
  readonly name: string
  readonly status: 'passed' | 'failed'
  readonly message: string
  readonly assertionResults: readonly { readonly status: string }[]
}

const results = new Map<string, FileResult>()
let leftInTemporary: readonly string[] = []

/** A whole vitest on the files that leak on purpose. */
function runFixtures(): Promise<readonly FileResult[]> {
  const vitest = path.resolve('node_modules/vitest/vitest.mjs')
  const config = path.join(import.meta.dirname, 'fixtures/vitest.config.ts')
  const { TEST_RUN_DIRECTORY: _, FUZZ_REPORT: __, ...env } = process.env
  const args = [vitest, 'run', '--config', config, '--reporter', 'json']
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { env, maxBuffer: 2 ** 24 }, (_error, stdout) => {
      try {
        resolve(JSON.parse(stdout.slice(stdout.indexOf('{"'))).testResults)
      } catch (error) {
        reject(new Error(`No report: ${stdout.slice(0, 500)}`, { cause: error }))
      }
    })
  })
}

beforeAll(async () => {
  for (const result of await runFixtures()) results.set(path.basename(result.name, '.leak.ts'), result)
  leftInTemporary = readdirSync(tmpdir())
})

describe('the leak watch', () => {
  it('lets tests pass that leave nothing behind', () => {
    expect(results.get('nothing')).toMatchObject({ status: 'passed' })
  })

  it.each([
    ['actor', /- actor: actor \S+, made by "starts an actor and forgets it"\n +at .*actor\.leak\.ts/],
    ['timer', /- timer: timer of 60000 ms, made by "sets a timer and forgets it.*"\n +at .*timer\.leak\.ts/],
    ['handle', /- handle: Server/],
    ['process', /- process: process \d+: \S*node/],
    ['file', /- file: open file \S+file\.leak\.ts/],
    ['temporary', /- temporary: forgotten-\w+ in the temporary directory/],
    ['rejection', /- rejection: unhandled rejection: Error: nobody listens/],
  ])('fails a file whose tests pass and leave behind: %s', (kind, message) => {
    const result = results.get(kind)!
    expect(result.assertionResults.map(({ status }) => status)).toEqual(['passed'])
    expect(result.status).toBe('failed')
    expect(result.message).toMatch(message)
    expect(result.message).toContain('left behind 1:')
  })

  it('removes what was left in the temporary directory', () => {
    expect(leftInTemporary).toEqual([])
  })
})
