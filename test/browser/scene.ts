import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { WASocket } from '@whiskeysockets/baileys'
import { onTestFinished, vi } from 'vitest'
import { createDashboardServer } from '../../src/dashboard/index.js'
import {
  createSupervisor,
  memoryRegistry,
  memoryStore,
  type Supervisor,
  silentLogger,
  systemClock,
} from '../../src/index.js'
import { startLoopback, trustLoopback } from '../../src/loopback/index.js'
import type { HttpApi } from '../../src/server/index.js'

/** A real supervisor with real Baileys on the simulated WhatsApp, behind the real server with the dashboard. */
export async function startScene({ token }: { token?: string } = {}) {
  for (const method of ['info', 'warn', 'error'] as const)
    vi.spyOn(console, method).mockImplementation(() => {})
  const wa = await startLoopback()
  const undoTrust = trustLoopback(wa.rootPublicKey)
  const folder = await mkdtemp(path.join(tmpdir(), 'bss-browser-'))
  const sessionPath = path.join(folder, 'sessions')
  const supervisor: Supervisor<WASocket> = await createSupervisor({
    sessionPath,
    store: memoryStore(),
    registry: memoryRegistry({ clock: systemClock }),
    socketUrl: wa.url,
    logger: silentLogger,
    signals: false,
    resume: false,
  })
  let api: HttpApi
  const serve = async (port = 0) => {
    api = createDashboardServer(supervisor, { port, ...(token === undefined ? {} : { token }) })
    return await api.listen()
  }
  const { url, port } = await serve()
  onTestFinished(async () => {
    await api.close({ graceMs: 0 })
    await supervisor.shutdown()
    undoTrust()
    await wa.close()
    await rm(folder, { recursive: true, force: true })
    vi.restoreAllMocks()
  })
  return {
    wa,
    supervisor,
    url,
    /** As after the loss of the machine's disk. */
    emptyDisk: (tenantId: string) => rm(path.join(sessionPath, tenantId), { recursive: true, force: true }),
    stopServer: () => api.close({ graceMs: 0 }),
    serveAgain: () => serve(port),
  }
}
