// The simulated WhatsApp in a process of its own, with a phone for each tenant and contacts that write to all of them:
// what it costs is not measured. Steered by messages.
import { startLoopback } from '../../dist/src/loopback/index.js'

let server
const phones = new Map()
const contacts = []

const doing = {
  open: async ({ contacts: count }) => {
    server = await startLoopback()
    for (let at = 0; at < count; at++) contacts.push(server.contact({ number: `49151${pad(at)}` }))
    return { url: server.url, rootPublicKey: server.rootPublicKey }
  },
  scan: async ({ tenantId, qr }) => {
    const known = phones.get(tenantId) ?? server.phone({ number: `62812${pad(phones.size)}` })
    phones.set(tenantId, known)
    // A code that was replaced meanwhile is followed by another.
    await known.scan(qr).catch(() => {})
  },
  stats: async () => ({ ...server.stats, cpuMs: cpuMs() }),
  /** Every tenant gets `rounds` messages of each of its contacts, `inFlight` of all at a time. */
  traffic: async ({ rounds, inFlight }) => {
    const queue = []
    for (let round = 0; round < rounds; round++)
      for (const [at, phone] of [...phones.values()].entries())
        queue.push({ phone, contact: contacts[(at + round) % contacts.length] })
    const settledBefore = settled()
    const cpuBefore = cpuMs()
    const since = performance.now()
    for (const [at, { phone, contact }] of queue.entries()) {
      if (at >= inFlight)
        await server.waitForStats(() => settled() - settledBefore > at - inFlight, { timeoutMs: 120_000 })
      await contact.send(phone, `message ${at}`)
    }
    await server.waitForStats(() => settled() - settledBefore >= queue.length, { timeoutMs: 120_000 })
    return { messages: queue.length, wallMs: performance.now() - since, cpuMs: cpuMs() - cpuBefore }
  },
}

function settled() {
  const { acknowledged, duplicates, lost } = server.stats
  return acknowledged + duplicates + lost
}

function cpuMs() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

function pad(number) {
  return String(number).padStart(7, '0')
}

process.on('message', async ({ id, ask, ...options }) => {
  try {
    process.send({ id, value: await doing[ask](options) })
  } catch (error) {
    process.send({ id, error: String(error) })
  }
})
process.on('disconnect', () => process.exit(0))
