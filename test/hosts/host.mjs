// A real supervisor in a process of its own, one of several on one registry and one store: `node host.mjs`, forked.
import { pathToFileURL } from 'node:url'
import { lightLink } from './light-link.mjs'

process.once('message', ({ config }) => void run(config))
process.on('disconnect', () => process.exit(0))

async function run(config) {
  const load = (file) => import(pathToFileURL(`${config.dist}/src/${file}`))
  const { createSupervisor } = await load('index.js')
  if (config.rootPublicKey) (await load('loopback/index.js')).trustLoopback(config.rootPublicKey)
  const say = (message) => process.connected && process.send(message, () => {})
  const supervisor = await createSupervisor({
    sessionPath: config.sessionPath,
    store: { kind: 'directory', path: config.storePath },
    registry: { kind: 'postgresql', url: config.databaseUrl },
    settings: config.settings,
    signals: false,
    logger: {
      debug() {},
      info() {},
      warn: ({ err, ...fields }, text) =>
        say({ type: 'log', text: `${text} ${err?.message ?? ''} ${JSON.stringify(fields)}` }),
      error: ({ err }, text) => say({ type: 'log', text: `${text} ${err?.message ?? ''}` }),
    },
    ...(config.lightPort ? { link: lightLink(config) } : { socketUrl: config.url }),
  })
  supervisor.on('qr', ({ tenantId, qr }) => say({ type: 'qr', tenantId, qr }))
  supervisor.on('closed', ({ tenantId, reason, unsaved }) =>
    say({ type: 'ended', tenantId, reason, unsaved }),
  )
  if (!config.lightPort) supervisor.onSocket((socket, tenantId) => tellOf(socket, tenantId, say))
  process.on('message', ({ start }) => {
    if (start) supervisor.start(start).catch((error) => say({ type: 'log', text: error.message }))
  })
  process.on('SIGTERM', async () => {
    const { unprotected } = await supervisor.shutdown()
    say({ type: 'down', unprotected: unprotected.length })
    process.disconnect()
  })
  say({ type: 'ready' })
}

function tellOf(socket, tenantId, say) {
  socket.ev.on('connection.update', ({ connection, lastDisconnect }) => {
    if (connection === 'open') say({ type: 'opened', tenantId })
    if (connection === 'close') {
      say({ type: 'closed', tenantId, code: lastDisconnect?.error?.output?.statusCode ?? 0 })
    }
  })
}
