import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { onTestFinished } from 'vitest'
import { dashboard } from '../../src/dashboard/dashboard.js'
import type { EventName, EventPayloads } from '../../src/dashboard/payloads.js'
import type { HttpServerOptions } from '../../src/server/index.js'
import { startServer } from '../server/setup.js'

export const token = 'a-token-of-some-length'
export const bearer = { authorization: `Bearer ${token}` }

/** A supervisor behind the server with the dashboard, whose parts a test may look at. */
export async function startDashboard(options: Parameters<typeof startServer>[0] = {}) {
  let parts: ReturnType<typeof dashboard> | undefined
  const extend: HttpServerOptions['extend'] = (given) => {
    parts = dashboard(given)
    return parts
  }
  const server = await startServer({ ...options, extend })
  const listen = (target = '/events', headers: Record<string, string> = {}) =>
    EventReader.open(server.port, target, headers)
  return { ...server, hub: parts!.hub, timeline: parts!.timeline, listen }
}

export interface ReceivedEvent<Name extends EventName = EventName> {
  readonly id: string
  readonly name: Name
  readonly data: EventPayloads[Name]
}

/** Reads a stream of events as a browser does. */
export class EventReader {
  readonly events: ReceivedEvent[] = []
  readonly comments: string[] = []
  readonly status: number
  readonly headers: IncomingMessage['headers']
  isOver = false
  text = ''
  readonly #request: ClientRequest
  readonly #response: IncomingMessage
  readonly #looks = new Set<() => void>()
  #read = 0

  private constructor(sent: ClientRequest, response: IncomingMessage) {
    this.#request = sent
    this.#response = response
    this.status = response.statusCode!
    this.headers = response.headers
    response.setEncoding('utf8')
    response.on('data', (text: string) => this.#take(text))
    const over = () => {
      this.isOver = true
      this.#look()
    }
    response.on('error', over)
    response.on('close', over)
    onTestFinished(() => this.close())
  }

  static open(port: number, target: string, headers: Record<string, string>): Promise<EventReader> {
    return new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, path: target, headers, agent: false })
      sent.on('response', (response) => resolve(new EventReader(sent, response)))
      sent.on('error', reject)
      sent.end()
    })
  }

  get lastId(): string {
    return this.events.at(-1)!.id
  }

  /** The next event of that name that was not asked for yet, as soon as it is there. */
  async next<Name extends EventName>(
    name: Name,
    fits: (data: EventPayloads[Name]) => boolean = () => true,
  ): Promise<EventPayloads[Name]> {
    for (;;) {
      const event = this.events[this.#read]
      if (event === undefined) await this.#news()
      else {
        this.#read += 1
        if (event.name === name && fits(event.data as EventPayloads[Name]))
          return event.data as EventPayloads[Name]
      }
    }
  }

  async ended(): Promise<void> {
    while (!this.isOver) await new Promise<void>((resolve) => this.#looks.add(resolve))
  }

  pause(): void {
    this.#response.pause()
  }

  resume(): void {
    this.#response.resume()
  }

  close(): void {
    this.#request.destroy()
  }

  async #news(): Promise<void> {
    if (this.isOver) throw new Error('the stream is over')
    await new Promise<void>((resolve) => this.#looks.add(resolve))
  }

  #take(text: string): void {
    this.text += text
    for (let at = this.text.indexOf('\n\n'); at >= 0; at = this.text.indexOf('\n\n')) {
      const lines = this.text.slice(0, at).split('\n')
      this.text = this.text.slice(at + 2)
      const field = (name: string) =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
      const data = field('data')
      if (data === undefined) this.comments.push(lines.join('\n'))
      else this.events.push({ id: field('id')!, name: field('event') as EventName, data: JSON.parse(data) })
    }
    this.#look()
  }

  #look(): void {
    for (const look of [...this.#looks]) {
      this.#looks.delete(look)
      look()
    }
  }
}
