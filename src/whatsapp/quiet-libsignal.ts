/**
 * What libsignal 2 prints through the global console, by its first words. Several of these lines carry whole session
 * entries, private keys included.
 */
const lines = [
  'Closing session:',
  'Opening session:',
  'Removing old closed session:',
  'Session already closed',
  'Session already open',
  'Migrating session to:',
  'V1 session storage migration error',
  'Closing open session in favor of incoming prekey bundle',
  'Decrypted message with closed session.',
  'Failed to decrypt message with any known session',
  'Session error:',
  'Unhandled bucket type (for naming):',
]

const methods = ['info', 'warn', 'error'] as const
let installed = false

/** Drops libsignal's prints for the life of the process; everybody else's pass. */
export function quietLibsignal(): void {
  if (installed) return
  installed = true
  for (const method of methods) {
    const print = console[method]
    console[method] = (...args: unknown[]) => {
      const first = args[0]
      if (typeof first === 'string' && lines.some((line) => first.startsWith(line))) return
      print.apply(console, args)
    }
  }
}
