import {
  type AuthenticationState,
  addTransactionCapability,
  DEFAULT_CONNECTION_CONFIG,
  generateSignalPubKey,
  initAuthCreds,
  type SignalDataTypeMap,
  type SignalKeyStore,
} from '@whiskeysockets/baileys'
import { describe, expect, it } from 'vitest'
import { FailedTries } from '../../src/whatsapp/failed-tries.js'
import { quietLibsignal } from '../../src/whatsapp/quiet-libsignal.js'
import { silentBaileysLogger as logger } from '../../src/whatsapp/silent-logger.js'

quietLibsignal()

/** As files: what is read is never the object that was written. */
function jsonStore(): SignalKeyStore {
  const values = new Map<string, unknown>()
  return {
    get: <T extends keyof SignalDataTypeMap>(type: T, ids: string[]) => {
      const found: { [id: string]: SignalDataTypeMap[T] } = {}
      for (const id of ids) {
        const value = values.get(`${type} ${id}`)
        if (value) found[id] = structuredClone(value) as SignalDataTypeMap[T]
      }
      return found
    },
    set: (data) => {
      for (const [type, byId] of Object.entries(data)) {
        for (const [id, value] of Object.entries(byId ?? {}))
          values.set(`${type} ${id}`, structuredClone(value))
      }
    },
  }
}

function party(jid: string, wrap: (store: SignalKeyStore) => FailedTries | null = () => null) {
  const creds = initAuthCreds()
  const store = jsonStore()
  const tries = wrap(store)
  const keys = addTransactionCapability(
    tries?.keys ?? store,
    logger,
    DEFAULT_CONNECTION_CONFIG.transactionOpts,
  )
  const auth: AuthenticationState = { creds, keys }
  const signalRepository = DEFAULT_CONNECTION_CONFIG.makeSignalRepository({ ...auth, keys }, logger)
  tries?.attach({ signalRepository })
  const { signedIdentityKey, signedPreKey, registrationId } = creds
  const bundle = {
    registrationId,
    identityKey: generateSignalPubKey(signedIdentityKey.public),
    signedPreKey: {
      keyId: signedPreKey.keyId,
      publicKey: generateSignalPubKey(signedPreKey.keyPair.public),
      signature: signedPreKey.signature,
    },
  }
  return {
    jid,
    bundle: bundle as Parameters<typeof signalRepository.injectE2ESession>[0]['session'],
    signalRepository,
  }
}

type Party = ReturnType<typeof party>

async function encrypt(from: Party, to: Party, text: string) {
  return await from.signalRepository.encryptMessage({ jid: to.jid, data: Buffer.from(text) })
}

async function decrypt(at: Party, from: Party, message: Awaited<ReturnType<typeof encrypt>>) {
  return String(await at.signalRepository.decryptMessage({ jid: from.jid, ...message }))
}

/** A message of the contact is under way when the bot opens a new session, as it does after a restart. */
async function crossing(bot: Party) {
  const contact = party('7700000000001@lid')
  await contact.signalRepository.injectE2ESession({ jid: bot.jid, session: bot.bundle })
  await decrypt(bot, contact, await encrypt(contact, bot, 'hello'))
  await decrypt(contact, bot, await encrypt(bot, contact, 'hello yourself'))
  const underWay = await encrypt(contact, bot, 'are you there')
  await bot.signalRepository.injectE2ESession({ jid: contact.jid, session: contact.bundle })
  const opening = await encrypt(bot, contact, 'opens the new session')
  const read = await decrypt(bot, contact, underWay)
  return { contact, opening, read }
}

describe('sessions that were tried in vain', () => {
  it('are as before, so that the peer can decrypt what follows on them', async () => {
    const bot = party('7700000000002@lid', (store) => new FailedTries(store))
    const { contact, opening, read } = await crossing(bot)
    expect(read).toBe('are you there')
    const next = await encrypt(bot, contact, 'on the new session')
    expect(await decrypt(contact, bot, opening)).toBe('opens the new session')
    expect(await decrypt(contact, bot, next)).toBe('on the new session')
    expect(await decrypt(bot, contact, await encrypt(contact, bot, 'and back'))).toBe('and back')
  })

  it('are spoilt without it: should this fail, libsignal was mended and FailedTries can go', async () => {
    const bot = party('7700000000002@lid')
    const { contact, opening } = await crossing(bot)
    const next = await encrypt(bot, contact, 'on the new session')
    await decrypt(contact, bot, opening)
    await expect(decrypt(contact, bot, next)).rejects.toThrow()
  })

  it('leaves the session that did decrypt as libsignal stored it, out of order too', async () => {
    const bot = party('7700000000002@lid', (store) => new FailedTries(store))
    const { contact, opening } = await crossing(bot)
    await decrypt(contact, bot, opening)
    const [one, two, three] = [
      await encrypt(contact, bot, '1'),
      await encrypt(contact, bot, '2'),
      await encrypt(contact, bot, '3'),
    ]
    expect(await decrypt(bot, contact, three)).toBe('3')
    expect(await decrypt(bot, contact, one)).toBe('1')
    expect(await decrypt(bot, contact, two)).toBe('2')
    await expect(decrypt(bot, contact, two)).rejects.toThrow('No matching sessions')
  })
})
