import { startSupabaseStandIn } from './index.js'

/** As a process: prints one line of JSON with what a client needs, then serves until SIGTERM. */
const port = Number(process.env.PORT ?? 0)
const latencyMs = Number(process.env.STAND_IN_LATENCY_MS ?? 0)
const standIn = await startSupabaseStandIn({ port, latencyMs })
const { url, serviceKey, anonKey, bucket } = standIn
process.stdout.write(`${JSON.stringify({ url, serviceKey, anonKey, bucket })}\n`)
process.once('SIGTERM', () => void standIn.close().then(() => process.exit(0)))
