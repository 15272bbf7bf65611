import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startSupabaseStandIn } from '../stores/stand-in/index.js'
import { emptyFolder, runCli, startCli } from './run.js'

/** File systems that answer as if the parent of what is to be made were missing. */
const whereNothingIsMade = existsSync('/proc/self/stat')
  ? ([
      ['/proc', '/proc/x'],
      ['deep in /proc', '/proc/x/y/z'],
    ] as const)
  : []

const noStack = /\n\s+at /

describe('start refuses what cannot work, in one line, with exit code 2, and touches nothing', () => {
  const url = 'http://127.0.0.1:9'
  const cases: [string, Record<string, string>, RegExp][] = [
    ['a URL without a key', { SUPABASE_URL: url }, /SUPABASE_SERVICE_KEY is not/],
    ['a key without a URL', { SUPABASE_SERVICE_KEY: 'sb_secret_x' }, /SUPABASE_URL is not/],
    ['a bucket without a URL', { SUPABASE_BUCKET: 'x' }, /SUPABASE_URL is not/],
    ['a publishable key', { SUPABASE_URL: url, SUPABASE_KEY: 'sb_publishable_x' }, /publishable key/],
    ['a URL that is none', { SUPABASE_URL: 'supabase' }, /SUPABASE_URL: expected a URL/],
    ['another database', { DATABASE_URL: 'mysql://x' }, /DATABASE_URL: expected/],
    ['a direct URL alone', { DIRECT_URL: 'postgresql://x/y' }, /DATABASE_URL is not/],
    ['a port that is none', { PORT: 'http' }, /PORT: expected a port number/],
    ['an open address without a token', { HOST: '0.0.0.0' }, /DASHBOARD_TOKEN is not set/],
    ['a short token', { DASHBOARD_TOKEN: 'short' }, /DASHBOARD_TOKEN: expected at least 16/],
    ['a log level that is none', { LOG_LEVEL: 'loud' }, /LOG_LEVEL: expected one of/],
    ['workers that are none', { WORKERS: 'many' }, /WORKERS: expected a whole number/],
    ['workers on the embedded registry', { WORKERS: '2' }, /WORKERS is 2, but .*set DATABASE_URL/],
    [
      'workers on a registry in memory',
      { WORKERS: '2', DATABASE_URL: 'memory:' },
      /WORKERS is 2, but .*set DATABASE_URL/,
    ],
    [
      'an encryption key, which this version does not use',
      { SESSION_ENCRYPTION_KEY: 'k' },
      /does not encrypt yet/,
    ],
    ['backups below a file', { DATA_PATH: '/dev/null/x' }, /object store cannot be at .*file.*DATA_PATH/],
    ...whereNothingIsMade.map(([where, place]): [string, Record<string, string>, RegExp] => [
      `backups in ${where}, where making a directory never ended`,
      { DATA_PATH: place },
      /object store cannot be at .*makes no directories.*DATA_PATH/,
    ]),
  ]

  it.each(cases)('%s', async (_, env, message) => {
    const cwd = await emptyFolder()
    const { exitCode, stderr, stdout } = await runCli(['start'], { cwd, env: { LOG_LEVEL: 'error', ...env } })
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(message)
    expect(stderr.trimEnd().split('\n')).toEqual([expect.stringMatching(/^error: /)])
    expect(stdout).toBe('')
    expect(await readdir(cwd)).toEqual([])
  })

  it.each([
    ['below a file', '/dev/null/x', /session directory cannot be at .*file.*WHATSAPP_SESSION_PATH/],
    ...whereNothingIsMade.map(([where, place]) => [
      `in ${where}`,
      place,
      /session directory cannot be at .*makes no directories.*WHATSAPP_SESSION_PATH/,
    ]),
  ] as [string, string, RegExp][])('sessions %s', async (_, place, message) => {
    const cwd = await emptyFolder()
    const env = { LOG_LEVEL: 'error', DATABASE_URL: 'memory:', WHATSAPP_SESSION_PATH: place }
    const { exitCode, stderr } = await runCli(['start'], { cwd, env })
    expect({ exitCode, lines: stderr.trimEnd().split('\n') }).toEqual({
      exitCode: 2,
      lines: [expect.stringMatching(message)],
    })
  })

  it('a bucket that does not exist; setup creates it, and start then works', async () => {
    const cwd = await emptyFolder()
    const standIn = await startSupabaseStandIn({ bucket: null, maxObjectBytes: 100_000_000 })
    onTestFinished(() => standIn.close())
    const env = {
      SUPABASE_URL: standIn.url,
      SUPABASE_SERVICE_KEY: standIn.serviceKey,
      DATABASE_URL: 'memory:',
      LOG_LEVEL: 'info',
      PORT: '0',
    }
    const refused = await runCli(['start'], { cwd, env })
    expect(refused.exitCode).toBe(2)
    expect(refused.stderr).toMatch(/^error: The bucket "whatsapp-sessions" does not exist.*setup/m)
    expect(await readdir(cwd)).toEqual([])
    const setup = await runCli(['setup'], { cwd, env })
    expect(setup).toMatchObject({ exitCode: 0, stderr: '' })
    expect(setup.stdout).toMatch(/created bucket "whatsapp-sessions"[\s\S]*supabase-storage\.sql/)
    expect(setup.stdout).not.toContain(standIn.serviceKey)
    const again = await runCli(['setup'], { cwd, env })
    expect(again.stdout).toMatch(/nothing to do/)
    const { server } = await startCli({ cwd, env })
    expect((await server.end('SIGTERM')).exitCode).toBe(0)
  })

  it('a session directory that another process uses', async () => {
    const cwd = await emptyFolder()
    const env = { DATABASE_URL: 'memory:' }
    const { server } = await startCli({ cwd, env })
    const second = await runCli(['start'], { cwd, env: { ...env, PORT: '0', LOG_LEVEL: 'error' } })
    expect(second.exitCode).toBe(2)
    expect(second.stderr).toMatch(/^error: The session directory .*\n$/)
    expect((await server.end('SIGINT')).exitCode).toBe(0)
  })
})

describe('start', () => {
  it('says that its port is taken before it opens anything, with exit code 1', async () => {
    const cwd = await emptyFolder()
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => taken.once('listening', resolve))
    onTestFinished(() => void taken.close())
    const PORT = String((taken.address() as AddressInfo).port)
    const { exitCode, stderr } = await runCli(['start'], { cwd, env: { PORT, LOG_LEVEL: 'error' } })
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(new RegExp(`^error: Port ${PORT} of 127.0.0.1 is taken.*\\n$`))
    expect(await readdir(cwd)).toEqual([])
  })

  it('says that the database does not answer, with exit code 1 and no stack trace', async () => {
    const cwd = await emptyFolder()
    const env = {
      DATABASE_URL: 'postgresql://user:the-password@127.0.0.1:9/x',
      PORT: '0',
      LOG_LEVEL: 'error',
    }
    const { exitCode, stderr } = await runCli(['start'], { cwd, env })
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/^error: .*\n$/)
    expect(stderr).not.toContain('the-password')
    const debug = await runCli(['start'], { cwd, env: { ...env, LOG_LEVEL: 'debug' } })
    expect(debug.stderr).toMatch(noStack)
    expect(debug.stderr).not.toContain('the-password')
  })

  it('takes .env of the current directory, and the environment goes first', async () => {
    const cwd = await emptyFolder()
    const file = 'HOST=0.0.0.0\nPORT=not-a-port\n'
    await writeFile(path.join(cwd, '.env'), file)
    const first = await runCli(['start'], { cwd })
    expect(first).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/PORT: expected/) })
    const second = await runCli(['start'], { cwd, env: { PORT: '0' } })
    expect(second).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/HOST is not a loopback/) })
    expect(await readdir(cwd)).toEqual(['.env'])
    expect(await readFile(path.join(cwd, '.env'), 'utf8')).toBe(file)
  })
})

describe('the command line', () => {
  it.each([
    [['nonsense'], /unknown command 'nonsense'[\s\S]*--help/],
    [['strat'], /Did you mean start\?/],
    [['start', '--fast'], /unknown option '--fast'[\s\S]*--help/],
    [['tenant', 'add'], /missing required argument/],
    [['tenant', 'add', 'a', '--timeout', 'soon'], /Expected a number of seconds/],
    [['tenant', 'logout', 'a'], /add --yes/],
    [['tenant', 'list', '--url', 'nowhere'], /--url or SUPERVISOR_URL/],
    [[], /Usage: session-supervisor/],
  ])('%j ends with exit code 2 and says what to do', async (args, message) => {
    const cwd = await emptyFolder()
    const { exitCode, stderr, stdout } = await runCli(args, { cwd })
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(message)
    expect(stdout).toBe('')
    expect(await readdir(cwd)).toEqual([])
  })

  it('tells its version and shows help', async () => {
    const cwd = await emptyFolder()
    const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
    expect(await runCli(['--version'], { cwd })).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' })
    const { exitCode, stdout } = await runCli(['--help'], { cwd })
    expect(exitCode).toBe(0)
    for (const name of ['start', 'tenant', 'setup', 'migrate', 'machine', 'demo'])
      expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'))
  })

  it('says that no server answers, and which command starts one', async () => {
    const cwd = await emptyFolder()
    const env = { SUPERVISOR_URL: 'http://127.0.0.1:9' }
    const { exitCode, stderr } = await runCli(['tenant', 'list'], { cwd, env })
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/^error: No supervisor answers at http:\/\/127\.0\.0\.1:9\..*start.*\n$/)
  })

  it('says that what answers is no supervisor', async () => {
    const cwd = await emptyFolder()
    const other = createServer((_, response) => response.end('<html>')).listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    onTestFinished(() => void other.close())
    const address = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
    const { exitCode, stderr } = await runCli(['tenant', 'list', '--url', address], { cwd })
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringMatching(/is no supervisor/) })
  })

  it('migrates the embedded registry, and says where it is', async () => {
    const cwd = await emptyFolder()
    const { exitCode, stdout } = await runCli(['migrate'], { cwd })
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: expect.stringMatching(/^embedded PostgreSQL in .*registry: tables up to date\n$/),
    })
  })
})
