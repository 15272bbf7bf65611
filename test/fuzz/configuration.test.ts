import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { configFromEnv } from '../../src/config.js'
import { checkSettings, defaultSettings } from '../../src/settings.js'
import { holds, resultOrRefusal } from './support/inputs.js'

const variables = [
  'WHATSAPP_SESSION_PATH',
  'WHATSAPP_MAX_RETRIES',
  'WHATSAPP_SOCKET_URL',
  'SUPABASE_URL',
  'SUPABASE_SERVICE_KEY',
  'SUPABASE_KEY',
  'SUPABASE_BUCKET',
  'DATABASE_URL',
  'DIRECT_URL',
  'DATA_PATH',
  'BACKUP_INTERVAL_MS',
  'CAPACITY',
  'SEND_AFTER_BACKUP',
  'SESSION_ENCRYPTION_KEY',
  'HOST',
  'PORT',
  'DASHBOARD_TOKEN',
  'LOG_LEVEL',
  'ALERT_WEBHOOK_URL',
  'ALERT_WEBHOOK_SECRET',
]

/** Marks values, so that one that gets into a message is found there. */
const mark = 'S3CRET'
const number = fc.oneof(
  fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }).map(String),
  fc.integer({ min: -5, max: 70_000 }).map(String),
  fc.double().map(String),
  fc.constantFrom(
    '9'.repeat(400),
    '0',
    '00',
    '0x10',
    '1e3',
    ' ',
    ' 3000 ',
    '+1',
    'NaN',
    'Infinity',
    '-0',
    '\u0663',
  ),
)
const plausible = fc.constantFrom(
  'https://p.supabase.co',
  `http://user:${mark}@localhost:1`,
  'wss://web.whatsapp.com/ws/chat',
  `postgresql://u:${mark}@h/db`,
  'postgres://',
  'memory:',
  'true',
  'false',
  'debug',
  '127.0.0.1',
  '0.0.0.0',
  '::1',
  '127.999.1.1',
  './data',
  `${mark}-a-token-of-length`,
)
const odd = fc.oneof(
  fc.string({ unit: 'binary' }).map((text) => mark + text),
  fc.constantFrom(
    '',
    'null',
    '__proto__',
    '\0',
    '../..',
    'javascript:0',
    'http://',
    'https://[',
    `x://${mark}`,
  ),
)
const value = fc.oneof(plausible, number, odd)
const env = fc
  .tuple(
    fc.dictionary(fc.constantFrom(...variables), value, { maxKeys: 5 }),
    fc.dictionary(fc.constantFrom('PATH', '__proto__', 'constructor', 'NODE_ENV'), value, { maxKeys: 2 }),
  )
  .map(([known, others]) => ({ ...others, ...known }))

describe('any environment', () => {
  it('gives a configuration that can be used, or is refused as invalid by a variable, without its value', async () => {
    await holds(8_000, env, async (given) => {
      const config = await resultOrRefusal(() => configFromEnv(given as NodeJS.ProcessEnv))
      if (config instanceof Error) {
        expect(config.code).toBe('invalid')
        expect(variables.some((name) => config.message.includes(name))).toBe(true)
        expect(config.message + String(config.cause)).not.toContain(mark)
        return
      }
      checkSettings(config.settings)
      expect(Number.isInteger(config.server.port) && config.server.port <= 65_535).toBe(true)
      // A path is shown, whatever it says.
      if (!given.DATA_PATH?.includes(mark)) expect(config.warnings.join()).not.toContain(mark)
    })
  })

  it('is refused by the variable that is wrong, one at a time', async () => {
    const wrong: [name: string, values: fc.Arbitrary<string>][] = [
      [
        'BACKUP_INTERVAL_MS',
        fc.oneof(
          fc.constantFrom('0', '-1', '1.5', '9'.repeat(400)),
          fc.bigInt({ min: 2n ** 31n }).map(String),
        ),
      ],
      ['WHATSAPP_MAX_RETRIES', fc.constantFrom('-1', '1.5', 'x', '9'.repeat(400))],
      ['CAPACITY', fc.constantFrom('-1', '1.5', 'x', '2147483648', 'Infinity')],
      ['PORT', fc.constantFrom(' ', '-1', '65536', '0x50', '1e3', '3000.5', 'http', '\u0663')],
      ['LOG_LEVEL', odd.filter((text) => text !== '')],
      ['SUPABASE_URL', odd.filter((text) => text !== '')],
    ]
    await holds(
      300,
      fc.constantFrom(...wrong).chain(([name, values]) => fc.tuple(fc.constant(name), values)),
      async ([name, text]) => {
        const refused = await resultOrRefusal(() => configFromEnv({ [name]: text }))
        expect(refused, `${name}=${text}`).toBeInstanceOf(Error)
        expect((refused as Error).message).toContain(name)
      },
    )
  })
})

it('takes a capacity from the environment, none by default', () => {
  expect(configFromEnv({ CAPACITY: '250' }).settings).toEqual({ capacity: 250 })
  expect(checkSettings(configFromEnv({}).settings).capacity).toBe(Number.POSITIVE_INFINITY)
})

describe('any settings', () => {
  const names = fc.constantFrom(...Object.keys(defaultSettings), '__proto__', 'constructor', 'quietperiodms')
  const values = fc.oneof(fc.double(), fc.integer(), fc.anything(), fc.constantFrom(-0, 2 ** 31, 1e-9))

  it('are refused as invalid by name, or give every setting a value that timers and queues can keep', async () => {
    const someSettings = fc.oneof(fc.dictionary(names, values, { maxKeys: 4 }), fc.anything())
    await holds(5_000, someSettings, async (given) => {
      const settings = await resultOrRefusal(() => checkSettings(given as never))
      if (settings instanceof Error) return expect(settings.code).toBe('invalid')
      expect(Object.keys(settings)).toEqual(Object.keys(defaultSettings))
      for (const [name, checked] of Object.entries(settings)) {
        if (typeof checked === 'boolean') continue
        expect(checked, name).toBeGreaterThanOrEqual(0)
        if (name === 'capacity' && checked !== Number.POSITIVE_INFINITY) expect(checked).toBeLessThan(2 ** 31)
        if (name.endsWith('Ms')) expect(checked, name).toBeLessThan(2 ** 31)
      }
    })
  })
})
