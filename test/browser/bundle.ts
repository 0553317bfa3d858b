/** @module Bundles the browser client, as `client.js` is served and as applications get it. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { rolldown } from 'rolldown'
import { root } from '../house/source.js'

/** The minified text of an entry with everything that it imports. `format` is `iife` for a classic script. */
export async function bundle(entry: string, format: 'iife' | 'esm'): Promise<string> {
  const build = await rolldown({
    input: join(root, entry),
    platform: 'browser',
    logLevel: 'silent',
    // React as its developers see it, which starts and stops every effect once more.
    transform: { define: { 'process.env.NODE_ENV': '"development"' } },
  })
  try {
    const { output } = await build.generate({ format, minify: true, comments: false })
    return output[0].code.trim()
  } finally {
    await build.close()
  }
}

/** The module that carries the script of `GET <path>/client.js`. */
export async function clientScriptModule(): Promise<string> {
  const text = await bundle('src/browser/script.ts', 'iife')
  const hash = createHash('sha384').update(text).digest('base64')
  return [
    '/** @module The browser client as one script. Made from `src/browser` by a test (`vitest -u`): do not edit. */',
    '',
    '/** The script of `GET <path>/client.js`. */',
    '// biome-ignore format: as it is made',
    '// biome-ignore lint/suspicious/noTemplateCurlyInString: templates of the script itself',
    `export const clientScript = ${JSON.stringify(text)}`,
    '',
    '/** Its hash, for `integrity` and for a policy. Source: Subresource Integrity, section 3.1. */',
    `export const clientScriptIntegrity = 'sha384-${hash}'`,
    '',
    '/** Its entity tag. */',
    `export const clientScriptTag = '"${hash.slice(0, 22)}"'`,
    '',
  ].join('\n')
}
