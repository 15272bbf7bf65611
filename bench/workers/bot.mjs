import { trustLoopback } from '../../dist/src/loopback/index.js'

trustLoopback(JSON.parse(process.env.BENCH_WORKERS).rootPublicKey)

/** A handler that reads every message and answers none: what is measured is receiving. */
export default (supervisor) => {
  const seen = { characters: 0 }
  supervisor.onSocket((socket) => {
    socket.ev.on('messages.upsert', ({ messages }) => {
      for (const { message } of messages) seen.characters += message?.conversation?.length ?? 0
    })
  })
}
