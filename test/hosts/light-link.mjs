import { connect } from 'node:net'
import { createInterface } from 'node:readline'

/**
 * A way to the stand-in for WhatsApp (light-whatsapp.mjs) that costs next to nothing: it logs in, and while it is
 * connected it changes key files, each change with a number that only grows.
 */
export function lightLink({ lightPort, name, writeEveryMs }) {
  const server = connect(lightPort, '127.0.0.1')
  const send = (message) => server.write(`${JSON.stringify(message)}\n`)
  const connections = new Map()
  createInterface({ input: server })
    .on('error', () => {})
    .on('line', (line) => {
      const { id, ...message } = JSON.parse(line)
      connections.get(id)?.heard(message)
    })
  server.on('error', () => {})
  send({ type: 'host', name })
  let ids = 0
  return {
    connect: (request) => {
      const id = ++ids
      const over = () => connections.delete(id)
      const connection = new LightConnection(request, {
        send: (message) => send({ id, ...message }),
        over,
        writeEveryMs,
      })
      connections.set(id, connection)
      return connection
    },
  }
}

class LightConnection {
  #request
  #to
  #isOver = false
  #timer = null
  #count = 0
  #writing = Promise.resolve()

  constructor(request, to) {
    this.#request = request
    this.#to = to
    request.onSocket({})
    void this.#logIn()
  }

  async #logIn() {
    const { files, hasSession, tenantId, events } = this.#request
    try {
      if (!hasSession) {
        events.code('qr', 'a code')
        await files.write(new Map([['creds.json', creds(tenantId)]]), 'urgent')
      }
      const stored = await files.read('session-count.json')
      this.#count = stored ? JSON.parse(stored).count : 0
      if (!this.#isOver)
        this.#to.send({ type: 'logIn', tenantId, count: this.#count, hadSession: hasSession })
    } catch {
      this.#close(428)
    }
  }

  heard({ type, code }) {
    if (type === 'closed') return this.#close(code)
    if (this.#isOver) return
    this.#request.events.opened(null)
    this.#arm()
  }

  #arm() {
    this.#timer = setTimeout(
      () => {
        this.#writing = this.#write().then(() => {
          if (!this.#isOver) this.#arm()
        })
      },
      this.#to.writeEveryMs * (0.5 + Math.random()),
    )
  }

  async #write() {
    const count = ++this.#count
    const changes = Array.from({ length: 3 }, (_, at) => [
      `session-${count % 20}${at}.json`,
      JSON.stringify({ count, at }),
    ])
    try {
      await this.#request.files.write(
        new Map([...changes, ['session-count.json', JSON.stringify({ count })]]),
      )
      this.#to.send({ type: 'wrote', tenantId: this.#request.tenantId, count })
    } catch {
      // Sealed: it is over.
    }
  }

  stop() {
    clearTimeout(this.#timer)
    // What is being written is finished first, as a link does.
    void this.#writing.then(() => {
      this.#to.send({ type: 'logOff', tenantId: this.#request.tenantId })
      this.#close(428)
    })
  }

  logout() {
    this.stop()
  }

  abort() {
    if (!this.#isOver) this.#to.send({ type: 'logOff', tenantId: this.#request.tenantId })
    this.#end()
  }

  #close(code) {
    if (this.#isOver) return
    this.#end()
    this.#request.events.closed(code, false)
  }

  #end() {
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#to.over()
  }
}

function creds(tenantId) {
  return JSON.stringify({
    me: { id: `${tenantId}@s.whatsapp.net` },
    account: {},
    nextPreKeyId: 31,
    registered: true,
  })
}
