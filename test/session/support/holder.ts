import { systemClock } from '../../../src/ports/clock.js'
import { openSessionRoot } from '../../../src/session/index.js'

// Holds a session directory until it is killed.
await openSessionRoot({ path: process.argv[2]!, clock: systemClock, random: Math.random })
process.send!('ready')
setInterval(() => {}, 60_000)
