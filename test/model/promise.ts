import type { Beginning } from './port-model.js'
import { SupervisorRig } from './supervisor-rig.js'

interface Promised {
  readonly name: string
  readonly check: () => Promise<void>
}

/** What is promised in words, checked by hand-written steps and expectations: no model is asked. */
export const promises: Promised[] = []

/** Adds one. */
export function promise(name: string, check: () => Promise<void>): void {
  promises.push({ name, check })
}

/** The supervisor after these steps. */
export async function after(beginning: Beginning, ...steps: string[]): Promise<SupervisorRig> {
  const rig = await SupervisorRig.begin(beginning)
  for (const step of steps) await rig.take(step)
  return rig
}

export const opening = ['the registry gives the lease', 'the store answers']
export const connected = [...opening, 'connecting: WhatsApp opens']
export const uploading = [...connected, 'a file is written', 'after quietPeriod in connected.dirty.settling']
export const pairing = [...opening, 'connecting: WhatsApp offers a QR']
