import { describe, expect, it } from 'vitest'
import { configFromEnv } from '../../src/index.js'
import { checkSettings } from '../../src/settings.js'

const url = 'https://hooks.example.com/T0K3N'
const secret = 'a-secret-of-some-length'

describe('ALERT_WEBHOOK_URL and ALERT_WEBHOOK_SECRET', () => {
  it('are where alerts go, and what signs them', () => {
    const { webhook, warnings } = configFromEnv({ ALERT_WEBHOOK_URL: url, ALERT_WEBHOOK_SECRET: secret })
    expect(webhook).toEqual({ url, secret })
    expect(warnings.filter((text) => text.includes('ALERT_WEBHOOK'))).toEqual([])
    expect(configFromEnv({}).webhook).toBeUndefined()
  })

  it('warn of alerts that nobody can tell from forged ones', () => {
    const { webhook, warnings } = configFromEnv({ ALERT_WEBHOOK_URL: url })
    expect(webhook).toEqual({ url, secret: undefined })
    expect(warnings.join('\n')).toMatch(
      /ALERT_WEBHOOK_SECRET is not set: alerts are sent without a signature/,
    )
  })

  it.each([
    [{ ALERT_WEBHOOK_SECRET: secret }, /ALERT_WEBHOOK_URL is not; set both, or none/],
    [{ ALERT_WEBHOOK_URL: url, ALERT_WEBHOOK_SECRET: 'short' }, /at least 16 characters/],
    [
      { ALERT_WEBHOOK_URL: 'http://hooks.example.com/T0K3N' },
      /plain http:\/\/ is for addresses of this machine/,
    ],
    [{ ALERT_WEBHOOK_URL: 'not a url' }, /starts with https:\/\//],
  ])('%j is refused, and its values are not repeated', (env, why) => {
    const attempt = () => configFromEnv(env)
    expect(attempt).toThrow(why)
    expect(attempt).not.toThrow(/T0K3N|'short'|not a url/)
  })
})

describe('the settings of alerts', () => {
  it.each([
    [{ alertFailures: 0 }, /expected alertFailures > 0, got 0/],
    [{ alertOutdatedTenants: 1.5 }, /expected alertOutdatedTenants to be a whole number, got 1.5/],
    [{ alertDiskFreeRatio: 5 }, /expected alertDiskFreeRatio <= 1, got 5/],
    [{ alertPeriodMs: 0 }, /expected alertPeriodMs > 0, got 0/],
    [{ webhookTries: -1 }, /expected webhookTries > 0, got -1/],
  ])('%j is refused', (given, why) => {
    expect(() => checkSettings(given)).toThrow(why)
  })
})
