// A process that pairs, answers one message and shuts its supervisor down: `node short-life.mjs <dist> <json>`. What it
// says goes to standard output; it never calls `process.exit`.
import { pathToFileURL } from 'node:url'

const load = (file) => import(pathToFileURL(`${process.argv[2]}/src/${file}`))
const { createSupervisor, memoryRegistry, memoryStore, silentLogger, systemClock } = await load('index.js')
const { trustLoopback } = await load('loopback/index.js')
const { url, rootPublicKey, sessionPath } = JSON.parse(process.argv[3])

const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`)

trustLoopback(rootPublicKey)
const supervisor = await createSupervisor({
  sessionPath,
  store: memoryStore(),
  registry: memoryRegistry({ clock: systemClock }),
  socketUrl: url,
  logger: silentLogger,
})
supervisor.on('qr', ({ qr }) => say({ type: 'qr', qr }))
const heard = new Promise((resolve) => {
  supervisor.onSocket((socket) =>
    socket.ev.on('messages.upsert', ({ messages }) => resolve({ socket, messages })),
  )
})
const session = await supervisor.start('tenant')
await session.waitFor('connected')
say({ type: 'connected' })
const { socket, messages } = await heard
await socket.sendMessage(messages[0].key.remoteJid, { text: 'answer' })
say({ type: 'answered' })
// Asked, and not answered any more: the parent has muted the connection.
process.stdin.once('data', async () => {
  process.stdin.destroy()
  socket.fetchPrivacySettings(true).catch(() => {})
  await supervisor.shutdown()
  say({ type: 'down' })
})
