import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { clientScript, clientScriptIntegrity } from '../../src/pages/client-script.js'
import { bundle, clientScriptModule } from './bundle.js'

describe('the browser client as one script', () => {
  it('is what src/browser makes today; vitest -u writes it', async () => {
    await expect(await clientScriptModule()).toMatchFileSnapshot('../../src/pages/client-script.ts')
  })

  it.each([
    ['the script tag', 'src/browser/client.ts', 'iife'],
    ['citizen-session/browser', 'src/browser/browser.ts', 'esm'],
  ] as const)('%s weighs at most 5 kB, gzipped', async (_name, entry, format) => {
    const text = await bundle(entry, format)
    expect(text).toContain('citizen-activity')
    expect(gzipSync(text, { level: 9 }).byteLength).toBeLessThanOrEqual(5 * 1024)
  })

  it('carries the hash that integrity and policies name', () => {
    expect(clientScriptIntegrity).toBe(`sha384-${createHash('sha384').update(clientScript).digest('base64')}`)
  })
})
