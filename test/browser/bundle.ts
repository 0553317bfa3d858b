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

/** A script that we serve: what it is, the route that it is served at, its entry, and the name that the core has for it. */
export interface ServedScript {
  readonly title: string
  readonly route: string
  readonly entry: string
  readonly name: string
}

/** The scripts that we serve. */
export const servedScripts: readonly ServedScript[] = [
  { title: 'browser client', route: 'client.js', entry: 'src/browser/script.ts', name: 'clientScript' },
  { title: 'header', route: 'header.js', entry: 'src/browser/header/script.ts', name: 'headerScript' },
]

/** The module that carries a script that we serve. */
export async function scriptModule({ title, route, entry, name }: ServedScript): Promise<string> {
  const text = await bundle(entry, 'iife')
  const hash = createHash('sha384').update(text).digest('base64')
  return [
    `/** @module The ${title} as one script. Made from \`src/browser\` by a test (\`vitest -u\`): do not edit. */`,
    '',
    `/** The script of \`GET <path>/${route}\`. */`,
    '// biome-ignore format: as it is made',
    '// biome-ignore lint/suspicious/noTemplateCurlyInString: templates of the script itself',
    `export const ${name} = ${JSON.stringify(text)}`,
    '',
    '/** Its hash, for `integrity` and for a policy. Source: Subresource Integrity, section 3.1. */',
    `export const ${name}Integrity = 'sha384-${hash}'`,
    '',
    '/** Its entity tag. */',
    `export const ${name}Tag = '"${hash.slice(0, 22)}"'`,
    '',
  ].join('\n')
}
