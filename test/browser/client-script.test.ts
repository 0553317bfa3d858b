import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { clientScript, clientScriptIntegrity, clientScriptTag } from '../../src/pages/client-script.js'
import { headerScript, headerScriptIntegrity, headerScriptTag } from '../../src/pages/header-script.js'
import { createWorld } from '../support/world.js'
import { bundle, scriptModule, servedScripts } from './bundle.js'

/**
 * 5.5 kB and 109 bytes: 55 are for a prerendered page that is shown before its script runs, 36 for the application's name
 * in the dialog, and 18 for elements that have the names of what a script looks for. Of the rest 136 bytes are for the
 * window of a sign-in that closes itself, cut off as it is by helmet's opener policy, and for pages that are not ended
 * while the cookies of a sign-in elsewhere are on their way; 376 are for a schedule and a state that are tested without a
 * page: what functions share has a name that no minifier shortens.
 */
const mostOfClient = 5.5 * 1024 + 109
const mostOfHeader = 4 * 1024

describe('the scripts that we serve', () => {
  it.each(servedScripts)('$route is what src/browser makes today; vitest -u writes it', async (script) => {
    const file = script.name.replace('S', '-s')
    await expect(await scriptModule(script)).toMatchFileSnapshot(`../../src/pages/${file}.ts`)
  })

  it.each([
    ['client.js', 'src/browser/script.ts', 'iife', mostOfClient],
    ['citizen-session/browser', 'src/browser/browser.ts', 'esm', mostOfClient],
    ['header.js', 'src/browser/header/script.ts', 'iife', mostOfHeader],
    ['citizen-session/header', 'src/browser/header/header.ts', 'esm', mostOfHeader],
  ] as const)('%s weighs no more than it may, gzipped', async (_name, entry, format, most) => {
    const text = await bundle(entry, format)
    expect(text).toContain('citizen-activity')
    expect(gzipSync(text, { level: 9 }).byteLength).toBeLessThanOrEqual(most)
  })

  it.each([
    [clientScript, clientScriptIntegrity],
    [headerScript, headerScriptIntegrity],
  ])('carry the hash that integrity and policies name', (text, integrity) => {
    expect(integrity).toBe(`sha384-${createHash('sha384').update(text).digest('base64')}`)
  })
})

describe.each([
  ['client.js', clientScript, clientScriptTag],
  ['header.js', headerScript, headerScriptTag],
])('GET /session/%s', (route, script, tag) => {
  const ask = async (headers: Record<string, string> = {}, method = 'GET') => {
    const world = await createWorld()
    const { url, handle } = world.application('benefits')
    return handle(new Request(`${url}/session/${route}`, { method, headers }))
  }

  it('sends the script to everybody, to be kept for a while, under no other type', async () => {
    const response = await ask()
    expect(response.status).toBe(200)
    expect(await response.text()).toBe(script)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=300',
      'x-content-type-options': 'nosniff',
      etag: tag,
    })
    expect(response.headers.getSetCookie()).toEqual([])
  })

  it.each([
    ['the tag', tag],
    ['the tag, made weak by a proxy', `W/${tag}`],
    ['one of several', `"old", ${tag}`],
  ])('sends nothing again to who has it: %s', async (_, known) => {
    const response = await ask({ 'if-none-match': known })
    expect(response.status).toBe(304)
    expect(response.headers.get('etag')).toBe(tag)
    expect(await response.text()).toBe('')
  })

  it('sends it to who has another one, and takes no other method', async () => {
    expect((await ask({ 'if-none-match': '"old"' })).status).toBe(200)
    expect((await ask({}, 'POST')).status).toBe(405)
  })
})
