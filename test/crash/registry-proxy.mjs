const methods = [
  'read',
  'list',
  'setDesired',
  'acquire',
  'renew',
  'release',
  'commit',
  'updateStatus',
  'clearHead',
]

/**
 * A registry that lives in the parent process, as a database server outlives its clients: a request that was sent
 * before a kill is carried out, its answer is heard by nobody.
 */
export function registryOverIpc(SessionError) {
  const waiting = new Map()
  let last = 0
  process.on('message', (message) => {
    if (message.answer === undefined) return
    const { resolve, reject } = waiting.get(message.answer)
    waiting.delete(message.answer)
    if (message.error) reject(new SessionError(message.error.code, message.error.message))
    else resolve(message.value)
  })
  const call = (method, args) =>
    new Promise((resolve, reject) => {
      waiting.set(++last, { resolve, reject })
      process.send({ request: last, method, args })
    })
  const registry = { name: 'parent', durable: true, open: async () => {}, close: async () => {} }
  for (const method of methods) registry[method] = (...args) => call(method, args)
  return registry
}

/** Answers one request of {@link registryOverIpc}. */
export async function answerFor(registry, { request, method, args }) {
  try {
    if (!methods.includes(method)) throw new Error(`no method ${method}`)
    return { answer: request, value: await registry[method](...args) }
  } catch (error) {
    return { answer: request, error: { code: error.code ?? 'unavailable', message: error.message } }
  }
}
