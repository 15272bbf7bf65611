import { execFile } from 'node:child_process'
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * A PostgreSQL: the one that TEST_DATABASE_URL names, else one of the installed binaries on a free port of 127.0.0.1,
 * gone with `stop`.
 * @returns null when there is neither
 */
export async function openPostgres() {
  if (process.env.TEST_DATABASE_URL) return { url: process.env.TEST_DATABASE_URL, stop: async () => {} }
  const bin = await installed()
  if (bin === null) return null
  const directory = await mkdtemp(join(tmpdir(), 'hosts-postgres-'))
  const as = await user(directory)
  const port = await freePort()
  const data = join(directory, 'data')
  await as(`${bin}/initdb`, ['-D', data, '-U', 'postgres', '-E', 'UTF8', '--no-sync', '--auth=trust'])
  const options = `-c listen_addresses=127.0.0.1 -c port=${port} -c unix_socket_directories='' -c fsync=off`
  await as(`${bin}/pg_ctl`, ['-D', data, '-w', '-s', '-l', join(directory, 'log'), '-o', options, 'start'])
  const stop = async () => {
    await as(`${bin}/pg_ctl`, ['-D', data, '-m', 'immediate', 'stop']).catch(() => {})
    await rm(directory, { recursive: true, force: true })
  }
  return { url: `postgresql://postgres@127.0.0.1:${port}/postgres`, stop }
}

async function installed() {
  const place = '/usr/lib/postgresql'
  const versions = (await readdir(place).catch(() => [])).map(Number).sort((a, b) => b - a)
  if (versions.length > 0) return `${place}/${versions[0]}/bin`
  const { stdout } = await run('sh', ['-c', 'dirname "$(readlink -f "$(command -v initdb)")"']).catch(() => ({
    stdout: '.',
  }))
  return stdout.startsWith('/') ? stdout.trim() : null
}

/** PostgreSQL refuses to run as root, so root hands it to the user `postgres`. */
async function user(directory) {
  if (process.getuid() !== 0) return (file, args) => run(file, args)
  const { stdout } = await run('id', ['-u', 'postgres'])
  await chown(directory, Number(stdout), -1)
  return (file, args) => run('runuser', ['-u', 'postgres', '--', file, ...args], { cwd: directory })
}

async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}
