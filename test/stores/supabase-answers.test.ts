import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { supabaseStore } from '../../src/index.js'

const key = 'sb_secret_of_some_length'

async function serverThat(answers: RequestListener): Promise<string> {
  const server = createServer(answers)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function storeAt(url: string) {
  const store = supabaseStore({ url, key, bucket: 'bucket' })
  onTestFinished(() => store.close())
  return store
}

describe('a server in place of Supabase', () => {
  it('that redirects is not followed: the key stays where it belongs, and the message says what to set', async () => {
    const strangers: IncomingHttpHeaders[] = []
    const stranger = await serverThat((request, response) => {
      strangers.push(request.headers)
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
    const url = await serverThat((_request, response) => {
      response.writeHead(307, { location: `${stranger}/login?from=storage` }).end()
    })
    const store = storeAt(url)
    const message = expect.stringMatching(`redirects to ${stranger}, .* set SUPABASE_URL`)
    await expect(store.check()).rejects.toMatchObject({ code: 'unavailable', message })
    const put = store.put('tenant/1.json', Buffer.from('{}'))
    await expect(put).rejects.toMatchObject({ code: 'unavailable', message })
    expect(strangers).toEqual([])
  })

  it('whose answer has no end is given up before it fills the memory', async () => {
    const chunk = Buffer.alloc(1024 * 1024, ' ')
    const sent = { bytes: 0 }
    const url = await serverThat((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const more = () => {
        while (!response.destroyed && response.write(chunk)) sent.bytes += chunk.length
      }
      response.on('drain', more)
      more()
    })
    const put = storeAt(url).put('tenant/1.json', Buffer.from('{}'))
    await expect(put).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/longer than \d+ bytes/),
    })
    expect(sent.bytes).toBeLessThan(64 * chunk.length)
  })
})
