import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { startDashboard } from './setup.js'

const folder = new URL('../../src/dashboard/assets/', import.meta.url)
const types = {
  html: 'text/html',
  js: 'text/javascript',
  css: 'text/css',
  svg: 'image/svg+xml',
  png: 'image/png',
}
const files = readdirSync(folder)

describe('the page’s files', () => {
  it('are all served, with their type, for this site alone, and asked for again with their digest', async () => {
    const { ask } = await startDashboard()
    expect(files.length).toBeGreaterThan(30)
    for (const file of files) {
      const { status, headers } = await ask(`/assets/${file}`)
      expect(status, file).toBe(200)
      expect(headers['content-type'], file).toContain(types[file.split('.').at(-1) as keyof typeof types])
      expect(headers, file).toMatchObject({
        'cache-control': 'no-cache',
        etag: expect.stringMatching(/^"[\w-]{22}"$/),
        'x-content-type-options': 'nosniff',
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
      })
      const again = await ask(`/assets/${file}`, { headers: { 'if-none-match': String(headers.etag) } })
      expect([again.status, again.headers.etag], file).toEqual([304, headers.etag])
      const other = await ask(`/assets/${file}`, { headers: { 'if-none-match': '"another"' } })
      expect(other.status, file).toBe(200)
    }
  })

  it('run no script and load nothing but what this server gives; the page is kept by nobody', async () => {
    const { ask, url } = await startDashboard()
    const { headers } = await ask('/')
    const text = await (await fetch(url)).text()
    expect(headers['content-type']).toBe('text/html; charset=utf-8')
    expect(headers['cache-control']).toBe('no-store')
    expect(headers['x-frame-options']).toBe('DENY')
    const rules = String(headers['content-security-policy']).split('; ')
    expect(rules).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
      ]),
    )
    expect(rules.join(' ')).not.toMatch(/unsafe|\*|https?:/)
    expect(text).not.toMatch(/<style|<script(?![^>]* src=)| style=| on\w+=|(?:src|href)="(?:https?:)?\/\//)
  })

  it('are those that lie there and nothing beside them', async () => {
    const { ask } = await startDashboard()
    for (const name of ['nothing.js', '..%2Fassets.ts', '%2e%2e%2fassets.ts', 'index.html%00.js', '.'])
      expect((await ask(`/assets/${name}`)).status, name).toBeGreaterThanOrEqual(400)
  })
})
