import { createSupervisor, type Supervisor, silentLogger, type WASocket } from '../index.js'
import { trustLoopback } from '../loopback/index.js'
import { answerIdOf } from './answer-id.js'
import { type FromHost, hostVariables, leaseSettings, type Owed, type ToHost } from './host-messages.js'

/** One host: a process with a supervisor and a bot that answers every message. Forked by the demo. */

const retryMs = 200

/** That nothing leaves before it is stored is shown on a slow machine too: there an upload may take seconds. */
const barrierLimitMs = 30_000

function tell(message: FromHost): void {
  process.send?.(message)
}

function variable(name: keyof typeof hostVariables): string {
  const value = process.env[hostVariables[name]]
  if (value) return value
  process.stderr.write(`${hostVariables[name]} is missing: this program is started by the demo.\n`)
  process.exit(2)
}

async function start(): Promise<Supervisor<WASocket>> {
  trustLoopback(variable('rootKey'))
  const supervisor = await createSupervisor({
    sessionPath: variable('sessions'),
    store: { kind: 'directory', path: variable('store') },
    registry: { kind: 'pglite', path: variable('registry') },
    socketUrl: variable('url'),
    settings: { ...leaseSettings, sendAfterBackup: true, barrierLimitMs },
    logger: { ...silentLogger, error: (_, text) => tell({ type: 'problem', text }) },
    signals: false,
  })
  report(supervisor)
  supervisor.onSocket((socket, tenantId) => serve(supervisor, socket, tenantId))
  return supervisor
}

function report(supervisor: Supervisor<WASocket>): void {
  supervisor.on('qr', ({ tenantId, qr }) => tell({ type: 'qr', tenantId, qr }))
  supervisor.on('fact', (fact) => {
    if (fact.type === 'generation.committed') tell({ type: 'committed', ageMs: fact.ageMs })
    if (fact.type === 'change.unprotected') tell({ type: 'unprotected' })
    if (fact.type === 'session.restored') {
      tell({ type: 'restored', tenantId: fact.tenantId, files: fact.files, seq: fact.seq })
    }
  })
}

function serve(supervisor: Supervisor<WASocket>, socket: WASocket, tenantId: string): void {
  socket.ev.on('connection.update', ({ connection }) => {
    if (connection === 'open') tell({ type: 'connected', tenantId })
  })
  // Messages that waited while nobody was connected come as `append`.
  socket.ev.on('messages.upsert', ({ messages }) => {
    for (const { key, message } of messages) {
      const { id, remoteJid, fromMe } = key
      if (fromMe || !id || !remoteJid || message?.protocolMessage) continue
      if (!message) {
        tell({ type: 'undecrypted', id })
        continue
      }
      tell({ type: 'received', id })
      void answer(supervisor, { tenantId, to: remoteJid, id })
    }
  })
}

/** Says it again on the next connection when this one ends before the answer has left. */
async function answer(supervisor: Supervisor<WASocket>, { tenantId, to, id }: Owed): Promise<void> {
  const messageId = answerIdOf(id)
  for (;;) {
    const session = supervisor.get(tenantId)
    if (!session || session.result || stopping) return
    try {
      await session.waitFor('connected')
      await session.socket!.sendMessage(to, { text: `echo of ${id}` }, { messageId })
      return tell({ type: 'answered', id, answerId: messageId })
    } catch {
      await new Promise((resolve) => setTimeout(resolve, retryMs))
    }
  }
}

let stopping = false

async function stop(supervisor: Supervisor<WASocket>): Promise<void> {
  stopping = true
  const { unprotected } = await supervisor.shutdown()
  process.send?.({ type: 'stopped', unprotected: unprotected.length } satisfies FromHost, () =>
    process.disconnect(),
  )
}

// The terminal sends Ctrl-C to everybody; the parent decides.
process.on('SIGINT', () => {})
process.on('disconnect', () => process.exit(stopping ? 0 : 1))

const supervisor = await start()
process.on('message', (message: ToHost) => {
  if (message.type === 'start') for (const tenantId of message.tenantIds) void supervisor.start(tenantId)
  if (message.type === 'answer') void answer(supervisor, message)
  if (message.type === 'stop') void stop(supervisor)
})
tell({ type: 'ready' })
