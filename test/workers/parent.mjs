// A host with several workers, or with one process: `node parent.mjs`, forked; its configuration comes by message.
import { pathToFileURL } from 'node:url'

process.once('message', (config) => void run(config))

async function run({ dist, workers, ...options }) {
  const { createSupervisor, runWorkers } = await import(pathToFileURL(`${dist}/src/index.js`))
  const say = (message) => process.connected && process.send(message, () => {})
  const at =
    (level) =>
    ({ err, ...fields }, text) =>
      say({ type: 'log', level, text: `${text} ${err?.message ?? ''} ${JSON.stringify(fields)}` })
  const logger = { debug() {}, info: at('info'), warn: at('warn'), error: at('error') }
  const common = { ...options, logger, signals: false }
  try {
    const pool =
      workers === 0 ? await single(createSupervisor, common) : await runWorkers({ ...common, workers })
    pool.on('closed', ({ tenantId, reason, unsaved }) => say({ type: 'ended', tenantId, reason, unsaved }))
    pool.on('fact', ({ type, unsaved }) => {
      if (type === 'session.restored' || type === 'session.quarantined') say({ type: 'fact', fact: type })
      if (type === 'session.kept') say({ type: 'fact', fact: type, unsaved })
    })
    pool.on('alert', ({ rule, state }) => say({ type: 'alert', rule, state }))
    process.on('message', (message) => void answer(pool, message, say))
    for (const signal of ['SIGTERM', 'SIGINT'])
      process.once(signal, async () => {
        const { sessions, unprotected } = await pool.shutdown()
        say({ type: 'down', sessions, unprotected })
        if (process.connected) process.disconnect()
        process.exitCode = unprotected.length > 0 ? 1 : 0
        // The stand-in's connection holds a process that runs the module itself; a parent ends without help.
        if (workers === 0) process.exit()
      })
    say({ type: 'ready' })
  } catch (error) {
    say({ type: 'refused', code: error.code, text: error.message })
    process.exitCode = 2
    process.disconnect()
  }
}

async function single(createSupervisor, options) {
  const { supervisorOptions } = await import(options.module)
  return await createSupervisor({ ...options, ...supervisorOptions })
}

async function answer(pool, { id, ask, args }, say) {
  try {
    const calls = {
      workers: () => pool.workers,
      sessions: () =>
        [...pool.sessions.values()].map(({ tenantId, status, link, unprotected, result }) => ({
          ...{ tenantId, status, link, changes: unprotected.changes, isOver: result !== null },
        })),
      start: async (tenantId) => void (await pool.start(tenantId)),
      stop: (tenantId) => pool.stop(tenantId),
      backup: (tenantId) => pool.get(tenantId).backupNow(),
      problems: () => pool.problems,
    }
    say({ type: 'answer', id, value: await calls[ask](...args) })
  } catch (error) {
    say({ type: 'answer', id, error: `${error.code}: ${error.message}` })
  }
}
