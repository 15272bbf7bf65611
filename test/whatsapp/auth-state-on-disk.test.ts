import { join } from 'node:path'
import { proto } from '@whiskeysockets/baileys'
import { expect, it } from 'vitest'
import { silentLogger } from '../../src/ports/logger.js'
import { openAuthState } from '../../src/whatsapp/auth-state.js'
import { unpackRealSession } from '../session/support/real-session.js'
import { noHead, openRoot, readFolder, temporaryDirectory } from '../session/support/session-fixture.js'

async function real() {
  const path = temporaryDirectory()
  unpackRealSession(path, 't')
  const root = await openRoot(path)
  const folder = await root.open('t', { base: noHead, copy: await root.inspect('t') })
  const auth = await openAuthState(folder, { fresh: false, logger: silentLogger })
  return { folder, auth, disk: () => readFolder(join(path, 't')) }
}

it('a session that is only read is not changed, and creds saved unchanged are no change', async () => {
  const { folder, auth, disk } = await real()
  const before = disk()
  const ids = Array.from({ length: 900 }, (_, n) => `${n}`)
  const keys = await auth.state.keys.get('pre-key', ids)
  expect(Object.values(keys).filter(Boolean)).toHaveLength(810)
  await auth.saveCreds()
  await auth.state.keys.set({
    'pre-key': keys,
    'device-list': await auth.state.keys.get('device-list', ['220000000000001']),
  })
  expect(folder.position).toBe(1)
  expect(disk()).toEqual(before)
})

it('an app-state-sync-key goes to disk and back as the type that Baileys wants', async () => {
  const { auth, disk } = await real()
  const keyData = proto.Message.AppStateSyncKeyData.fromObject({
    keyData: Buffer.from('k'),
    timestamp: 1_700_000_000,
  })
  await auth.state.keys.set({ 'app-state-sync-key': { 'AA/B=': keyData } })
  expect(disk().has('app-state-sync-key-AA__B=.json')).toBe(true)
  const back = (await auth.state.keys.get('app-state-sync-key', ['AA/B=']))['AA/B=']
  expect(back).toEqual(keyData)
})

it('keys that come after the end of a socket are refused and leave no trace', async () => {
  const { folder, auth, disk } = await real()
  const before = disk()
  folder.refuseWrites()
  const late = () => auth.state.keys.set({ session: { '220000000000018_1.0': Buffer.from('late') } })
  await expect(late()).rejects.toMatchObject({ code: 'closed' })
  await expect(auth.saveCreds({ nextPreKeyId: 9_999 })).rejects.toMatchObject({ code: 'closed' })
  expect(disk()).toEqual(before)
})
