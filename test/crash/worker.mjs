// A real supervisor with real Baileys in a process of its own, to be killed: `node worker.mjs <dist>`. Commands come
// over IPC; what it says goes through descriptor 3.
import { pathToFileURL } from 'node:url'
import { Breakpoints, say } from './breakpoints.mjs'
import { contentHash } from './inspect.mjs'
import { registryOverIpc } from './registry-proxy.mjs'

const load = (file) => import(pathToFileURL(`${process.argv[2]}/src/${file}`))
const { createSupervisor, defaultSettings, SessionError, supabaseStore, systemClock } = await load('index.js')
const { trustLoopback } = await load('loopback/index.js')
const { systemDisk } = await load('session/disk.js')
const { baileysLink } = await load('whatsapp/baileys-link.js')

const breakpoints = new Breakpoints(systemDisk, say)

let writes = 0
/** Says what is going to be written, and again when the write is acknowledged. */
function watched(files) {
  return {
    read: (name) => files.read(name),
    write: async (batch, urgency) => {
      const write = ++writes
      say({ type: 'write', write, files: [...batch].map(([name, content]) => [name, contentHash(content)]) })
      const position = await files.write(batch, urgency)
      say({ type: 'written', write })
      return position
    },
  }
}

const logger = {
  debug() {},
  info() {},
  warn: (_, message) => say({ type: 'log', level: 'warn', message }),
  error: ({ err }, message) => say({ type: 'log', level: 'error', message, code: err?.code }),
}

function watchedLink(settings) {
  const { sendAfterBackup, stopLimitMs } = { ...defaultSettings, ...settings }
  const sendLimitMs = Math.min(2_000, stopLimitMs)
  const link = baileysLink({
    socketConfig: { waWebSocketUrl: config.url },
    logger,
    clock: systemClock,
    sendLimitMs,
    sendAfterBackup,
  })
  return { connect: (request) => link.connect({ ...request, files: watched(request.files) }) }
}

let config
let supervisor

async function go() {
  trustLoopback(config.rootPublicKey)
  const { sessionPath, store, registryPath, settings, tenantId, url } = config
  const own = registryPath === null
  if (config.breakpoint) breakpoints.arm(config.breakpoint)
  supervisor = await createSupervisor({
    sessionPath,
    store: store.kind === 'supabase' ? supabaseStore(store) : store,
    registry: own ? registryOverIpc(SessionError) : { kind: 'pglite', path: registryPath },
    settings,
    socketUrl: url,
    logger,
    signals: config.signals ?? false,
    resume: false,
    ...(own ? { link: watchedLink(settings) } : {}),
  })
  supervisor.on('qr', ({ qr }) => say({ type: 'qr', qr }))
  supervisor.on('fact', ({ type, seq, unsaved, reason, error }) =>
    say({ type, seq, unsaved, reason, code: error?.code }),
  )
  supervisor.on('closed', ({ reason, unsaved }) => say({ type: 'closed', reason, unsaved }))
  supervisor.onSocket(answer)
  await start(tenantId)
}

async function start(tenantId) {
  const session = await supervisor.start(tenantId)
  session.waitFor('connected').then(
    () => say({ type: 'connected', generation: session.generation }),
    () => {},
  )
}

function answer(socket) {
  socket.ev.on('connection.update', ({ connection, lastDisconnect }) => {
    const code = lastDisconnect?.error?.output?.statusCode
    if (connection === 'close') say({ type: 'socket.closed', code })
  })
  socket.ev.on('messages.upsert', ({ messages }) => {
    for (const { key, message } of messages) {
      const text = message?.conversation
      if (!text || key.fromMe) continue
      say({ type: 'message', text })
      if (!text.startsWith('busy')) continue
      socket.sendMessage(key.remoteJid, { text: `echo ${text}` }).catch(() => {})
    }
  })
}

const commands = {
  go: (message) => {
    config = message.config
    return go()
  },
  break: (message) => breakpoints.arm(message),
  start: () => start(config.tenantId),
  send: ({ to, text }) => supervisor.get(config.tenantId).socket.sendMessage(to, { text }),
  backup: async () => {
    await supervisor.get(config.tenantId).backupNow()
    say({ type: 'backed up' })
  },
  logout: () => supervisor.logout(config.tenantId),
  shutdown: async () => {
    const { unprotected } = await supervisor.shutdown()
    say({ type: 'down', unprotected: unprotected.length })
    process.disconnect()
  },
}

process.on('message', (message) => {
  const run = commands[message.command]
  if (!run) return
  Promise.resolve(run(message)).catch((error) => {
    say({ type: 'failed', command: message.command, code: error.code, message: error.message })
  })
})
process.on('disconnect', () => setTimeout(() => process.exit(0), 2_000).unref())
say({ type: 'ready' })
