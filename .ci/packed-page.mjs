// In a project with the packed package: the page it serves, file by file as it lies in the sources ($1).
import { readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import {
  createDashboardServer,
  createSupervisor,
  memoryRegistry,
  memoryStore,
  systemClock,
} from 'baileys-session-supervisor'

const folder = process.argv[2]
const supervisor = await createSupervisor({
  sessionPath: path.join(tmpdir(), `bss-packed-${process.pid}`),
  store: memoryStore(),
  registry: memoryRegistry({ clock: systemClock }),
  signals: false,
  resume: false,
})
const api = createDashboardServer(supervisor, { port: 0 })
const { url } = await api.listen()
const bytes = async (target) => {
  const answer = await fetch(new URL(target, url))
  if (!answer.ok) throw new Error(`${target} answers ${answer.status}`)
  return Buffer.from(await answer.arrayBuffer())
}
const files = readdirSync(folder)
for (const file of files) {
  const same = readFileSync(path.join(folder, file)).equals(await bytes(`/assets/${file}`))
  if (!same) throw new Error(`${file} is not as in the sources`)
}
if (!(await bytes('/')).includes('<script')) throw new Error('the page has no script')
for (const name of ['tenant.svg', 'link.svg', 'machine.css']) await bytes(`/machines/${name}`)
await api.close({ graceMs: 0 })
await supervisor.shutdown()
console.log(`the packed package serves the page and its ${files.length} files`)
