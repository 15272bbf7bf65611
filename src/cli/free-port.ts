import { createServer } from 'node:net'
import { SessionError } from '../errors.js'

/**
 * Before anything is opened or made: a second start in the same place is the likeliest mistake.
 * @throws SessionError `unavailable` another program listens there
 */
export function refuseTakenPort({ host, port }: { host: string; port: number }): Promise<void> {
  const probe = createServer()
  return new Promise((resolve, reject) => {
    probe.once('error', (cause: NodeJS.ErrnoException) => {
      // Every other problem is told by the server itself.
      if (cause.code !== 'EADDRINUSE') return resolve()
      const message = `Port ${port} of ${host} is taken by another program. End that, or set PORT to another one. Nothing was touched.`
      reject(new SessionError('unavailable', message, { cause }))
    })
    probe.listen({ host, port }, () => probe.close(() => resolve()))
  })
}
