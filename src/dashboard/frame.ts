import type { EventName, EventPayloads } from './payloads.js'

/** An event as it goes over the wire, made once for all who read it. */
export interface Frame {
  /** Grows by one with each event of the process. */
  readonly seq: number
  /** Whose watchers it is for; null for everybody. */
  readonly tenantId: string | null
  readonly bytes: Buffer
}

/** @param json of the event's payload: JSON has no line breaks, so that it is one line of data */
export function frameBytes(id: string, name: EventName, json: string): Buffer {
  return Buffer.from(`id: ${id}\nevent: ${name}\ndata: ${json}\n\n`)
}

export function framed<Name extends EventName>(id: string, name: Name, payload: EventPayloads[Name]): Buffer {
  return frameBytes(id, name, JSON.stringify(payload))
}
