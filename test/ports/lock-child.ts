import { lockDirectory } from '../../src/ports/directory-lock.js'

// Says `ready`, then takes the lock when told to, says how that went, and lives on.
const path = process.argv[2]!
process.on('message', () => {
  lockDirectory(path, { what: 'The test directory' }).then(
    () => process.send!('held'),
    (error) => process.send!(error.code ?? String(error)),
  )
})
process.on('disconnect', () => process.exit())
process.send!('ready')
