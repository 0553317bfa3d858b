/** @module Next.js by docs/next.md alone: both bundlers, built and in development. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Consumer, createConsumer, type Environment, removeConsumer } from './consumer.js'
import { blocksOf, filesOf, installsOf, unnamedFilesOf } from './page.js'
import { createPlace, visit } from './visitor.js'

const blocks = blocksOf('docs/next.md')
/** What the samples take from the application, and the layout that every page of Next.js has. */
const own = {
  'lib/permits.ts': `interface Known { readonly citizen: { readonly claims: { readonly sub: string } } }
const answer = async (_: Request, { citizen }: Known) => Response.json({ sub: citizen.claims.sub })
export const [grant, change, correct, remove] = [answer, answer, answer, answer]
export const permitOf = async (sub: string, id: string) => ({ sub, id })
export const keep = async (sub: string, form: FormData) => void [sub, form.get('name')]
`,
  'lib/translate.ts': `import { type NextRequest, NextResponse } from 'next/server'
export const translate = (request: NextRequest) => NextResponse.rewrite(new URL('/en', request.url))
`,
  'app/layout.tsx': `import type { ReactNode } from 'react'
export default ({ children }: { children: ReactNode }) => <html lang="en"><body>{children}</body></html>
`,
}
const files = { ...filesOf(blocks), ...unnamedFilesOf(blocks), ...own }
const installs = installsOf(blocks)

function without(...names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(files).filter(([file]) => !names.includes(file)))
}

/** As the page tries a build: in production everything is https. */
const tried = { NODE_ENV: 'test' }

async function serve(
  consumer: Consumer,
  args: readonly string[],
  env: Environment = {},
  basePath = '',
): Promise<void> {
  const created = await createPlace(consumer)
  const place = { ...created, env: { ...created.env, ...env } }
  const serving = [...args, '--hostname', 'localhost', '--port', String(place.port)]
  await consumer.start('next', serving, place)
  await visit({ ...place, url: place.url + basePath }, '/api/me')
}

async function build(consumer: Consumer, ...args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await consumer.run('next', ['build', ...args])
  expect({ code, output: code === 0 ? '' : stdout + stderr }).toEqual({ code: 0, output: '' })
  expect(stdout + stderr).not.toMatch(/warn|can't resolve/i)
}

describe('FLD-01 Next.js 16 by its page', () => {
  let consumer: Consumer
  beforeAll(async () => {
    consumer = await createConsumer()
    await consumer.write(without('middleware.ts', 'tsconfig.json'))
    for (const args of installs.slice(0, 2)) await consumer.install(...args)
  })
  afterAll(() => removeConsumer(consumer))

  it('builds and starts with Turbopack', async () => {
    await build(consumer)
    await serve(consumer, ['start'], tried)
  })

  it('FLD-11 each of its samples compiles in strict TypeScript', async () => {
    const strictly = () => consumer.run('tsc', ['-p', 'tsconfig.json', '--noEmit', '--strict'])
    expect(await strictly()).toEqual({ code: 0, stdout: '', stderr: '' })
    await consumer.write({ 'unnamed-wrong.ts': `import { auth } from './lib/auth'\nauth.withNobody()\n` })
    expect((await strictly()).stdout).toContain('withNobody')
    await consumer.run(process.execPath, ['-e', `fs.rmSync('unnamed-wrong.ts')`])
  })

  it('builds and starts with webpack', async () => {
    await build(consumer, '--webpack')
    await serve(consumer, ['start'], tried)
  })

  it('builds and starts below a basePath, as its page says', async () => {
    await consumer.write({ 'next.config.ts': `export default { basePath: '/app' }\n` })
    await build(consumer)
    await serve(consumer, ['start'], { ...tried, CITIZEN_APPLICATION_PATH: '/app' }, '/app')
    await consumer.write({ 'next.config.ts': `export default {}\n` })
  })

  it.each([
    ['Turbopack', ['dev']],
    ['webpack', ['dev', '--webpack']],
  ])('runs in development with %s', (_bundler, args) => serve(consumer, args))
})

describe('FLD-01 Next.js 15.5 by its section', () => {
  let consumer: Consumer
  beforeAll(async () => {
    consumer = await createConsumer()
    await consumer.write(without('proxy.ts'))
    for (const args of installsOf(blocksOf('docs/next.md', 'Next.js 15.5'))) await consumer.install(...args)
  })
  afterAll(() => removeConsumer(consumer))

  it('builds and starts', async () => {
    await build(consumer)
    await serve(consumer, ['start'], tried)
  })
})
