import { deepStrictEqual as same } from 'node:assert/strict'
import { settings } from './held-world.js'
import { after, connected, promise } from './promise.js'

promise(
  'an end takes no longer than its deadline when the store does not answer, and says what is unsaved',
  async () => {
    const rig = await after('elsewhere', ...connected, 'a file is written', 'stop')
    await rig.world.advance(settings.closeDeadlineMs)
    same(rig.world.session.state, 'closing.releasing')
    await rig.world.advance(settings.releaseLimitMs)
    const { reason, unsaved } = rig.world.session.result!
    same({ reason, unsaved }, { reason: 'stopped', unsaved: 1 })
  },
)

promise('an end stops the connection, refuses late writes, and backs up what is unsaved', async () => {
  const rig = await after('elsewhere', ...connected, 'a file is written', 'stop')
  same(rig.world.link.told, ['socket.stop'])
  const { files } = rig.world.link.newest.request
  await files.write(new Map([['late.json', '{"in":"time"}']]))
  rig.world.link.newest.close(428, false)
  await rig.world.rest()
  const late = await files
    .write(new Map([['late.json', '{}']]))
    .catch((error: { code: string }) => error.code)
  same(late, 'closed')
  await rig.end()
  same(rig.world.session.result, { reason: 'stopped', unsaved: 0, lastError: null })
})

promise('stop said twice tears down once', async () => {
  const rig = await after('elsewhere', ...connected, 'stop')
  const told = [...rig.world.link.told]
  await rig.take('stop')
  same([...told, ...rig.world.link.told], ['socket.stop'])
  await rig.take('logout')
  await rig.end()
  same(rig.world.session.result?.reason, 'stopped')
})

promise('a logout unlinks the device and deletes the session everywhere', async () => {
  const rig = await after('elsewhere', ...connected, 'logout')
  same(rig.world.link.told, ['socket.logout'])
  await rig.take('the socket closes with 401')
  await rig.end()
  same(rig.world.session.result, { reason: 'deleted', unsaved: 0, lastError: null })
})

promise('a logout that WhatsApp does not confirm deletes all the same, and says so', async () => {
  const rig = await after('elsewhere', ...connected, 'logout', 'after unlinkLimit in closing.loggingOut')
  await rig.end()
  const { reason, lastError } = rig.world.session.result!
  same({ reason, lastError }, { reason: 'deleted', lastError: 'notUnlinked' })
})

promise('a deletion that fails says so', async () => {
  const rig = await after(
    'elsewhere',
    ...connected,
    'logout',
    'the socket closes with 401',
    'the upload fails',
  )
  await rig.end()
  same(rig.world.session.result?.lastError, 'wipeFailed')
})

promise('a session that the phone has logged out is saved, set aside, and marked as ended', async () => {
  const rig = await after('elsewhere', ...connected, 'a file is written', 'the socket closes with 401')
  await rig.end()
  same(rig.world.session.result, { reason: 'loggedOut', unsaved: 0, lastError: null })
  const head = (await rig.world.registry.read('tenant'))?.head
  same(head?.seq, 3)
})
