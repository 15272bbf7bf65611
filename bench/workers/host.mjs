// The host that is measured: worker processes, or one process without them. Steered by messages.
const { dist, workers, options } = JSON.parse(process.env.BENCH_WORKERS)
const { createSupervisor, runWorkers } = await import(`${dist}/src/index.js`)
const logger = { debug() {}, info() {}, warn() {}, error: (_, text) => process.stderr.write(`${text}\n`) }
const bot = new URL('./bot.mjs', import.meta.url).href

const host = workers === 0 ? await single() : await runWorkers({ ...options, workers, module: bot, logger })

async function single() {
  const supervisor = await createSupervisor({ ...options, logger })
  ;(await import(bot)).default(supervisor)
  return supervisor
}

const doing = {
  pids: () => (workers === 0 ? [process.pid] : host.workers.map(({ pid }) => pid)),
  connected: () => [...host.sessions.values()].filter(({ status }) => status === 'CONNECTED').length,
  unprotected: () =>
    [...host.sessions.values()].reduce((sum, { unprotected }) => sum + unprotected.changes, 0),
  start: async ({ tenantId }) => void (await host.start(tenantId)),
}

host.on('qr', ({ tenantId, qr }) => process.send({ type: 'qr', tenantId, qr }))
process.on('message', async ({ id, ask, ...given }) => {
  try {
    process.send({ id, value: await doing[ask](given) })
  } catch (error) {
    process.send({ id, error: error.message })
  }
})
process.send({ type: 'ready' })
