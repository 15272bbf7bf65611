import { describe, expect, it } from 'vitest'
import { announceSessions } from '../../src/cli/announce.js'
import { stopInOrder } from '../../src/cli/orderly-stop.js'
import { codeLines, drawQr } from '../../src/cli/qr.js'
import { Screen } from '../../src/cli/screen.js'
import { drawTable } from '../../src/cli/table.js'
import { listText } from '../../src/cli/tenant-list.js'
import { ageText } from '../../src/cli/tenant-text.js'
import { terminalLogger } from '../../src/cli/terminal-logger.js'
import { SessionError } from '../../src/index.js'
import { startServer } from '../server/setup.js'

function fakeScreen({ columns = 120, rows = 60 } = {}) {
  const written: string[] = []
  const stream = { columns, rows, write: (text: string) => written.push(text) > 0 }
  return { screen: new Screen(stream as never), written, text: () => written.join('') }
}

function notingLogger() {
  const lines: string[] = []
  const note = (fields: object, message: string) =>
    void lines.push(JSON.stringify({ ...fields, msg: message }))
  return { lines, logger: { debug: note, info: note, warn: note, error: note } }
}

describe('codes on the terminal', () => {
  it('are drawn as a whole or not at all', () => {
    const text = 'x'.repeat(230)
    const lines = drawQr(text, 200, false)!
    const width = Math.max(...lines.map((line) => line.length))
    expect(drawQr(text, width, false)).toHaveLength(lines.length)
    expect(drawQr(text, width - 1, false)).toBeNull()
    expect(codeLines('a', 'qr', text, { columns: width - 1, rows: 60 }).join('\n')).toMatch(/too narrow/)
    expect(codeLines('a', 'qr', text, { columns: width, rows: 60 }).join('\n')).not.toMatch(/out of sight/)
    expect(codeLines('a', 'qr', text, { columns: width, rows: 24 }).join('\n')).toMatch(/out of sight/)
  })

  it('replace the one before them, and nothing that was written since', () => {
    const { screen, written } = fakeScreen()
    screen.draw(['one', 'two'])
    screen.draw(['three'])
    expect(written).toEqual(['one\ntwo\n', '\u001b[2A\u001b[J', 'three\n'])
    screen.write('a line\n')
    screen.erase()
    expect(written.at(-1)).toBe('a line\n')
  })

  it('are replaced as a whole when some of their lines were wrapped', () => {
    const { screen, written } = fakeScreen({ columns: 10 })
    screen.draw(['\u001b[1mtwelve chars\u001b[0m', '', 'ten  chars'])
    screen.erase()
    expect(written.at(-1)).toBe('\u001b[4A\u001b[J')
  })

  it('are left alone when they have scrolled out of reach', () => {
    const { screen, written } = fakeScreen({ rows: 2 })
    screen.draw(['one', 'two'])
    screen.erase()
    expect(written).toEqual(['one\ntwo\n'])
  })

  it('of one tenant at a time are drawn; of the others it is said where they are', async () => {
    const { supervisor, link } = await startServer()
    const { screen, text } = fakeScreen()
    const { logger, lines } = notingLogger()
    announceSessions({ supervisor, logger, screen })
    for (const tenantId of ['a', 'b']) {
      await supervisor.start(tenantId)
      ;(await link.connection(tenantId)).code('pairingCode', `CODE${tenantId}123`)
    }
    expect(text()).toContain('CODE-a123')
    expect(text()).not.toContain('b123')
    expect(lines.filter((line) => line.includes('tenant code b'))).toHaveLength(1)
    expect(lines.join()).not.toContain('CODE')
  })

  it('are never written where nobody watches, however often they change', async () => {
    const { supervisor, link, connected } = await startServer()
    const { logger, lines } = notingLogger()
    announceSessions({ supervisor, logger, screen: null })
    await supervisor.start('a')
    const connection = await link.connection('a')
    for (const code of ['secret-1', 'secret-2', 'secret-3']) connection.code('qr', code)
    await connected('b')
    expect(lines.join()).not.toMatch(/secret|a code"/)
    expect(lines.filter((line) => line.includes('tenant code a'))).toHaveLength(1)
    expect(lines.filter((line) => line.includes('"connected"'))).toHaveLength(1)
  })
})

describe('an orderly stop', () => {
  const api = { close: () => Promise.resolve() }
  const stop = (
    shutdown: () => Promise<{ sessions: number; unprotected: { tenantId: string; unsaved: number }[] }>,
  ) => {
    const { logger, lines } = notingLogger()
    const { screen, text } = fakeScreen()
    const parts = { supervisor: { shutdown }, api, logger, screen, sessionPath: '/sessions' }
    return stopInOrder(parts, 'SIGTERM').then((exitCode) => ({ exitCode, lines, text: text() }))
  }

  it('ends with 0 when every change is in the store', async () => {
    const { exitCode, text, lines } = await stop(async () => ({ sessions: 2, unprotected: [] }))
    expect(exitCode).toBe(0)
    expect(text).toContain('Stopped: 2 sessions, every change is in the store.')
    expect(lines).toEqual([])
  })

  it('ends with 1 and names the tenants whose changes are only on this disk', async () => {
    const unprotected = [
      { tenantId: 'a', unsaved: 3 },
      { tenantId: 'b', unsaved: 1 },
    ]
    const { exitCode, text, lines } = await stop(async () => ({ sessions: 3, unprotected }))
    expect(exitCode).toBe(1)
    expect(lines).toEqual([expect.stringMatching(/a \(3\), b \(1\).*\/sessions/)])
    expect(text).not.toContain('Stopped')
  })

  it('ends with 1 when the shutdown fails', async () => {
    const { exitCode, lines } = await stop(() => Promise.reject(new SessionError('unavailable', 'Down.')))
    expect(exitCode).toBe(1)
    expect(lines).toEqual([expect.stringMatching(/the shutdown failed/)])
  })
})

describe('lines for a person', () => {
  it('have the time, the tenant, what happened, and why', () => {
    const written: string[] = []
    const logger = terminalLogger({ level: 'info', now: () => 0, write: (text) => void written.push(text) })
    logger.debug({}, 'not shown')
    logger.warn({ tenantId: 'a', tries: 2, err: new Error('the cause') }, 'backup failed')
    expect(written).toHaveLength(1)
    expect(plain(written[0]!)).toMatch(/^\d\d:\d\d:\d\d warning: a backup failed tries=2: the cause\n$/)
  })

  it.each([
    [0, '0 ms'],
    [-5, '0 ms'],
    [999, '999 ms'],
    [61_000, '61 s'],
    [600_000, '10 min'],
    [7_200_000, '2 h'],
    [259_200_000, '3 days'],
  ])('an age of %i ms is %j', (ms, text) => {
    expect(ageText(ms)).toBe(text)
  })

  it('a table has aligned columns, and none that is empty', () => {
    const lines = drawTable(
      ['A', 'EMPTY', 'B'],
      [
        ['long name', '', 'x'],
        ['n', '', 'y'],
      ],
    )
    expect(lines).toEqual(['A          B', 'long name  x', 'n          y'])
  })

  it('the list says how to begin when there is nothing', () => {
    expect(listText([], 0)).toEqual([expect.stringContaining('tenant add')])
  })
})

function plain(text: string): string {
  return text.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g'), '')
}
