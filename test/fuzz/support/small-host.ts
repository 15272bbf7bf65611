import type { WASocket } from '@whiskeysockets/baileys'
import { assembleSupervisor } from '../../../src/assemble-supervisor.js'
import type { Logger, ObjectStore, Registry, Session, SessionFact, Supervisor } from '../../../src/index.js'
import { openSessionRoot } from '../../../src/session/index.js'
import { checkSettings } from '../../../src/settings.js'
import { FakeLink } from '../../support/fake-link.js'
import type { MemoryDisk } from '../../support/memory-disk.js'
import { settled, type VirtualClock } from '../../support/virtual-clock.js'

export const sessions = '/sessions'
export const tenant = 'tenant'

export interface Machine {
  readonly clock: VirtualClock
  readonly disk: MemoryDisk
  readonly store: ObjectStore
  readonly registry: Registry
}

const unlocked = async () => ({ release: async () => {} })

/** A real supervisor on a disk in memory, a virtual clock and a WhatsApp that a test plays. */
export class SmallHost {
  readonly machine: Machine
  readonly link = new FakeLink()
  readonly facts: SessionFact[] = []
  /** Messages that were logged. */
  readonly logged: string[] = []
  readonly supervisor: Supervisor<WASocket>

  private constructor(machine: Machine, make: (link: FakeLink, logger: Logger) => Supervisor<WASocket>) {
    this.machine = machine
    const note = (fields: object, message: string) =>
      void this.logged.push(`${message} ${String((fields as { err?: unknown }).err ?? '')}`)
    this.supervisor = make(this.link, { debug: note, info: note, warn: note, error: note })
    this.supervisor.on('fact', (fact) => this.facts.push(fact))
  }

  static async start(machine: Machine): Promise<SmallHost> {
    const { clock, disk } = machine
    const random = () => 0.5
    const root = await openSessionRoot({ path: sessions, clock, random, disk: disk.handle(), lock: unlocked })
    const settings = checkSettings({ collectIntervalMs: 0, commitLingerMs: 0 })
    return new SmallHost(machine, (link, logger) =>
      assembleSupervisor({ ...machine, settings, logger, random, root, link }),
    )
  }

  /** Starts the tenant and lets it go on until it asks WhatsApp for a connection or has failed. */
  async bringUp(): Promise<Session<WASocket>> {
    const session = await this.supervisor.start(tenant)
    await this.until(() => this.link.connections.length > 0 || session.lastError !== null)
    return session
  }

  /** Opens the connection that was asked for, and lets it back up what is unsaved. */
  async backUp(session: Session<WASocket>): Promise<void> {
    this.link.connections[0]!.open()
    await this.until(() => session.state.startsWith('connected'))
    const done = session.backupNow()
    let over = false
    done.catch(() => {}).finally(() => (over = true))
    await this.until(() => over)
    await done
  }

  async shutdown(): Promise<void> {
    let over = false
    const done = this.supervisor.shutdown().finally(() => (over = true))
    await this.until(() => over)
    await done
  }

  /** Lets everything run, timers included, until `reached`. Work on other threads takes its real time. */
  async until(reached: () => boolean): Promise<void> {
    const limit = performance.now() + 30_000
    while (!reached()) {
      await settled()
      if (reached()) return
      if (performance.now() > limit) throw new Error('It does not come to that.')
      this.machine.clock.step()
    }
  }

  /** The key files in the tenant's folder. */
  folder(): Map<string, string> {
    const prefix = `${sessions}/${tenant}/`
    const files = [...this.machine.disk.files(`${sessions}/${tenant}`)]
    return new Map(
      files
        .filter(([path]) => path.startsWith(prefix) && path.endsWith('.json'))
        .map(([path, bytes]) => [path.slice(prefix.length), Buffer.from(bytes).toString('utf8')]),
    )
  }
}
