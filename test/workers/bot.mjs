// The module of the workers under test: a stand-in at the device-link port, and faults that a scenario asks for by files.
import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { lightLink } from '../hosts/light-link.mjs'

const { faults, lightPort, writeEveryMs } = JSON.parse(process.env.WORKERS_TEST)

export const supervisorOptions = {
  link: lightLink({ lightPort, name: String(process.pid), writeEveryMs }),
}

export default async (_supervisor, { worker }) => {
  if (existsSync(`${faults}/slow-start-${worker}`)) await delay(3_000)
  // Once it is up: one that dies at its first start is an error of the start.
  setInterval(() => {
    if (existsSync(`${faults}/crash-${worker}`)) process.exit(3)
    if (existsSync(`${faults}/spin-${worker}-${process.pid}`)) for (;;);
  }, 50).unref()
}
