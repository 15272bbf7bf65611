// A bot in a process of its own, to be killed: plain Baileys, its session in the directory given.
import { makeWASocket, useMultiFileAuthState, WA_CERT_DETAILS } from '@whiskeysockets/baileys'
import { pino } from 'pino'

const [directory, url, rootPublicKey] = process.argv.slice(2)
for (const method of ['info', 'warn', 'error']) console[method] = () => {}
WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(rootPublicKey, 'hex')
const { state, saveCreds } = await useMultiFileAuthState(directory)

function start() {
  const socket = makeWASocket({ auth: state, waWebSocketUrl: url, logger: pino({ level: 'silent' }) })
  let written = Promise.resolve()
  socket.ev.on('creds.update', () => {
    written = saveCreds()
  })
  socket.ev.on('connection.update', async ({ qr, connection, lastDisconnect }) => {
    if (qr) process.send({ qr })
    if (connection !== 'close') return
    await written
    if (lastDisconnect?.error?.output?.statusCode === 515) start()
    else process.send({ closed: lastDisconnect?.error?.output?.statusCode })
  })
  socket.ev.on('messages.upsert', async ({ messages }) => {
    for (const { key, message } of messages) {
      // The reply opens the way back: from then on the contact's messages are no longer session offers.
      if (message?.conversation)
        await socket.sendMessage(key.remoteJid, { text: `echo ${message.conversation}` })
    }
  })
}
start()
