import type { DeviceLink, KeyFileBatch, LinkRequest } from '../src/ports/index.js'

/** One tenant's connection to nothing: it is open at once, and the bench writes the key files. */
export interface LightConnection {
  readonly tenantId: string
  write(batch: KeyFileBatch): Promise<number>
}

/** Stands where Baileys does, so that what is measured is the supervisor's own cost. */
export class LightLink implements DeviceLink<never> {
  readonly connections = new Map<string, LightConnection>()
  opened = 0
  #wanted = 0
  #reached: () => void = () => {}

  connect({ tenantId, files, events }: LinkRequest<never>) {
    let isOver = false
    const close = (code: number) => {
      if (isOver) return
      isOver = true
      this.connections.delete(tenantId)
      events.closed(code, false)
    }
    setImmediate(() => {
      if (isOver) return
      this.connections.set(tenantId, { tenantId, write: (batch) => files.write(batch) })
      events.opened(null)
      this.opened++
      if (this.opened >= this.#wanted) this.#reached()
    })
    const abort = () => {
      isOver = true
      this.connections.delete(tenantId)
    }
    return { stop: () => close(428), logout: () => close(401), abort }
  }

  /** Resolves when `count` connections in all have opened. */
  untilOpened(count: number): Promise<void> {
    this.#wanted = count
    return new Promise((resolve) => {
      this.#reached = resolve
      if (this.opened >= count) resolve()
    })
  }
}
