import { readFileSync } from 'node:fs'
import path from 'node:path'
import {
  configFromEnv,
  createDashboardServer,
  createSupervisor,
  directoryStore,
  SessionError,
} from '../../src/index.js'
import { defaultLogger } from '../../src/logger.js'
import { trustLoopback } from '../../src/loopback/index.js'

/*
 * One host as a program would run it, everything from the environment, at LOG_LEVEL=trace. What is secret goes to the
 * test over IPC, everything else that it prints is what the test searches.
 */
trustLoopback(process.env.TEST_ROOT_KEY!)
const config = configFromEnv()
if (config.store.kind !== 'directory') throw new Error('The test gives no SUPABASE_URL.')
const inner = directoryStore(config.store)
let isDown = false
const store = new Proxy(inner, {
  get(target, name) {
    const value = Reflect.get(target, name)
    if (typeof value !== 'function') return value
    if (isDown && ['put', 'get', 'list'].includes(String(name)))
      return () => Promise.reject(new SessionError('unavailable', 'The store is down; try again later.'))
    return value.bind(target)
  },
})
const logger = defaultLogger(config.logLevel)
const supervisor = await createSupervisor({
  ...config,
  store,
  logger,
  signals: false,
  resume: false,
  settings: {
    ...config.settings,
    alertFailures: 2,
    alertPeriodMs: 200,
    alertResolveMs: 500,
    backoffMaxMs: 200,
    leaseTtlMs: 2_000,
    leaseRenewMs: 500,
  },
})
const tell = (message: object) => void process.send?.(message)
supervisor.on('qr', ({ tenantId, qr }) => tell({ type: 'qr', tenantId, text: qr }))
supervisor.on('pairingCode', ({ tenantId, code }) => tell({ type: 'pairingCode', tenantId, text: code }))
supervisor.onSocket((socket) => {
  socket.ev.on('messages.upsert', ({ messages }) => {
    for (const { key, message } of messages) {
      if (key.fromMe || !key.remoteJid || !message?.conversation) continue
      void socket.sendMessage(key.remoteJid, { text: 'heard' }).catch(() => {})
    }
  })
})
const api = createDashboardServer(supervisor, { ...config.server, logger })
const { port } = await api.listen()

/** Leaks on purpose: the test must find each. */
const planted: Record<string, (creds: ReturnType<typeof JSON.parse>) => void> = {
  'a key in a log line': (creds) => logger.debug({ key: creds.noiseKey.private.data }, 'planted'),
  'a key in hex in an error': (creds) =>
    logger.warn({ err: new Error(Buffer.from(creds.advSecretKey, 'base64').toString('hex')) }, 'planted'),
  'bytes on standard output': (creds) =>
    console.log({ key: Buffer.from(creds.signedIdentityKey.private.data, 'base64') }),
  'a whole number': (creds) => logger.info({ me: String(creds.me.id).split(/[:@]/)[0] }, 'planted'),
  'an address': (creds) => logger.info({ jid: creds.me.lid ?? creds.me.id }, 'planted'),
}

async function obey(command: string, ...args: string[]): Promise<unknown> {
  const [tenantId, phoneNumber] = args as [string, string?]
  switch (command) {
    case 'start':
      return void (await supervisor.start(tenantId, { pairing: phoneNumber ? { phoneNumber } : {} }))
    case 'connected':
      return await supervisor.get(tenantId)!.waitFor('connected', { timeoutMs: 40_000 })
    case 'store':
      isDown = tenantId === 'down'
      return
    case 'backup':
      return await supervisor
        .get(tenantId)!
        .backupNow()
        .catch(() => {})
    case 'audit':
      return await supervisor.get(tenantId)!.auditNow()
    case 'rows':
      return await supervisor.tenants()
    case 'shutdown':
      await api.close({ graceMs: 0 })
      return await supervisor.shutdown()
    case 'plant':
      return planted[args[1]!]!(
        JSON.parse(readFileSync(path.join(config.sessionPath, tenantId, 'creds.json'), 'utf8')),
      )
    case 'libsignal':
      return console.info('Closing session:', { marker: 'printed-by-libsignal' })
  }
}

process.on('message', (text: string) => {
  const { id, command, args } = JSON.parse(text)
  obey(command, ...args).then(
    (result) => tell({ type: 'done', id, result }),
    (error: unknown) => tell({ type: 'done', id, error: String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))
tell({ type: 'ready', port })
