// Prints the README's embedding example as a program that can be run: a loopback WhatsApp before it, whose phone scans
// what the example draws, and a contact after it, who must get an answer.
import { readFileSync } from 'node:fs'

const readme = readFileSync(process.argv[2], 'utf8')
const example = /<!-- example -->\s*```js\n([\s\S]*?)```/.exec(readme)?.[1]
if (!example) throw new Error('The README has no example.')
const lines = example.trim().split('\n').length
if (lines > 20) throw new Error(`The README's example has ${lines} lines.`)

process.stdout.write(`import terminal from 'qrcode-terminal'
import { startLoopback, trustLoopback } from 'baileys-session-supervisor/loopback'
const whatsapp = await startLoopback()
trustLoopback(whatsapp.rootPublicKey)
process.env.WHATSAPP_SOCKET_URL = whatsapp.url
process.env.LOG_LEVEL = 'error'
const phone = whatsapp.phone({ number: '628120000001' })
terminal.generate = (qr) => void phone.scan(qr)

${example}
const contact = whatsapp.contact({ number: '628130000001' })
await contact.send(phone, 'hello')
const [answer] = await contact.waitForReceived(1)
const result = await supervisor.shutdown()
await whatsapp.close()
if (result.unprotected.length > 0) throw new Error('The example left changes unprotected.')
console.log("the README's example works:", JSON.stringify(answer.text))
// Baileys leaves timers of up to a minute behind a closed socket.
process.exit(0)
`)
