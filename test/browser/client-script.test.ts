import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { clientScript, clientScriptIntegrity, clientScriptTag } from '../../src/pages/client-script.js'
import { createWorld } from '../support/world.js'
import { bundle, clientScriptModule } from './bundle.js'

/**
 * 5.5 kB. Of that 136 bytes are for the window of a sign-in that closes itself, cut off as it is by helmet's opener policy,
 * and for pages that are not ended while the cookies of a sign-in elsewhere are on their way; 376 are for a schedule and
 * a state that are tested without a page: what functions share has a name that no minifier shortens.
 */
const mostBytes = 5.5 * 1024

describe('the browser client as one script', () => {
  it('is what src/browser makes today; vitest -u writes it', async () => {
    await expect(await clientScriptModule()).toMatchFileSnapshot('../../src/pages/client-script.ts')
  })

  it.each([
    ['the script tag', 'src/browser/script.ts', 'iife'],
    ['citizen-session/browser', 'src/browser/browser.ts', 'esm'],
  ] as const)('%s weighs at most 5.5 kB, gzipped', async (_name, entry, format) => {
    const text = await bundle(entry, format)
    expect(text).toContain('citizen-activity')
    expect(gzipSync(text, { level: 9 }).byteLength).toBeLessThanOrEqual(mostBytes)
  })

  it('carries the hash that integrity and policies name', () => {
    expect(clientScriptIntegrity).toBe(`sha384-${createHash('sha384').update(clientScript).digest('base64')}`)
  })
})

describe('GET /session/client.js', () => {
  const ask = async (headers: Record<string, string> = {}, method = 'GET') => {
    const world = await createWorld()
    const { url, handle } = world.application('benefits')
    return handle(new Request(`${url}/session/client.js`, { method, headers }))
  }

  it('sends the script to everybody, to be kept for a while, under no other type', async () => {
    const response = await ask()
    expect(response.status).toBe(200)
    expect(await response.text()).toBe(clientScript)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=300',
      'x-content-type-options': 'nosniff',
      etag: clientScriptTag,
    })
    expect(response.headers.getSetCookie()).toEqual([])
  })

  it.each([
    ['the tag', clientScriptTag],
    ['the tag, made weak by a proxy', `W/${clientScriptTag}`],
    ['one of several', `"old", ${clientScriptTag}`],
  ])('sends nothing again to who has it: %s', async (_, tag) => {
    const response = await ask({ 'if-none-match': tag })
    expect(response.status).toBe(304)
    expect(response.headers.get('etag')).toBe(clientScriptTag)
    expect(await response.text()).toBe('')
  })

  it('sends it to who has another one, and takes no other method', async () => {
    expect((await ask({ 'if-none-match': '"old"' })).status).toBe(200)
    expect((await ask({}, 'POST')).status).toBe(405)
  })
})
