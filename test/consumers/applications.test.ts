/** @module Applications by their pages alone: what a page says to install and to write, served and visited. */
import { expect, it, onTestFinished } from 'vitest'
import { type Consumer, createConsumer, removeConsumer } from './consumer.js'
import { type Block, blocksOf, filesOf, firstBlock, installsOf } from './page.js'
import { createPlace, visit } from './visitor.js'

/** What the pages say, but for the port: consumers run side by side. */
const onPort = (text: string, port: number): string => text.replaceAll('3000', String(port))

async function consumerOf(installs: readonly (readonly string[])[], packageJson?: object): Promise<Consumer> {
  const consumer = await createConsumer(packageJson)
  onTestFinished(() => removeConsumer(consumer))
  for (const args of installs) await consumer.install(...args)
  return consumer
}

/** Writes a file, runs it, and visits it. */
async function serve(consumer: Consumer, file: string, text: string): Promise<void> {
  const place = await createPlace(consumer)
  await consumer.write({ [file]: onPort(text, place.port) })
  await consumer.start(process.execPath, [file], place)
  await visit(place, '/benefits')
}

/** The same in strict TypeScript, types of the packages included. */
async function serveCompiled(consumer: Consumer, text: string): Promise<void> {
  const place = await createPlace(consumer)
  await consumer.write({ 'app.ts': onPort(text, place.port) })
  const settings = ['--strict', '--module', 'nodenext', '--target', 'es2022', '--types', 'node']
  const outcome = await consumer.run('tsc', [...settings, 'app.ts'])
  expect(outcome).toEqual({ code: 0, stdout: '', stderr: '' })
  await consumer.start(process.execPath, ['app.js'], place)
  await visit(place, '/benefits')
}

it.each([
  ['Express 5', 'app.mjs', 'ts', 'README.md', 'Add it to an application'],
  ['Express 4 in CommonJS', 'app.cjs', 'js', 'docs/express.md', 'CommonJS'],
  ['Koa', 'app.mjs', 'ts', 'docs/koa.md', 'Koa'],
  ['Fastify', 'app.mjs', 'js', 'docs/fastify.md', 'Fastify'],
])('FLD-01 FLD-11 %s by its page', async (_name, file, language, page, heading) => {
  const blocks = blocksOf(page, heading)
  const [install = []] = installsOf(blocks)
  await serve(await consumerOf([install]), file, firstBlock(blocks, language))
})

it('FLD-01 FLD-11 Express in strict TypeScript by its page', async () => {
  const blocks = blocksOf('docs/express.md')
  const consumer = await consumerOf(installsOf(blocks).slice(0, 2), { type: 'module' })
  await serveCompiled(consumer, firstBlock(blocks, 'ts'))
})

it('FLD-11 Fastify’s sample compiles in strict TypeScript', async () => {
  const blocks = blocksOf('docs/fastify.md')
  const consumer = await consumerOf(installsOf(blocks), { type: 'module' })
  await consumer.write({
    'app.mts': firstBlock(blocks, 'js').replace('requireCitizen()', 'requireCitizen() as never'),
  })
  const settings = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2022', '--types', 'node']
  expect(await consumer.run('tsc', [...settings, 'app.mts'])).toEqual({ code: 0, stdout: '', stderr: '' })
})

it('FLD-01 FLD-11 Hono by its page', async () => {
  const blocks = blocksOf('docs/fetch.md')
  const [start = '', guards = ''] = blocks.filter(({ language }) => language === 'ts').map(({ text }) => text)
  await serveCompiled(await consumerOf(installsOf(blocks), { type: 'module' }), `${start}\n${guards}`)
})

it.each(['11', '12'])('FLD-01 FLD-11 NestJS %s by its page', async (major) => {
  const blocks = blocksOf('docs/nest.md')
  const installs = installsOf(blocks).map((args) =>
    args.map((name) => (name.startsWith('@nestjs/') ? `${name}@${major}` : name)),
  )
  const consumer = await consumerOf(installs, { type: 'module' })
  const place = await createPlace(consumer)
  await consumer.write(portsIn(blocks, place.port))
  expect(await consumer.run('tsc', [])).toEqual({ code: 0, stdout: '', stderr: '' })
  await consumer.start(process.execPath, ['dist/main.js'], place)
  await visit(place, '/benefits')
})

function portsIn(blocks: readonly Block[], port: number): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(filesOf(blocks)).map(([name, text]) => [name, onPort(text, port)]))
}

/** Neighbours of an application: those that docs/express.md wants before, and those that may stand on either side. */
const neighbours = (parsers: 'before' | 'after'): string => `
import compression from 'compression'
import cookieParser from 'cookie-parser'
import { doubleCsrf } from 'csrf-csrf'
import express from 'express'
import helmet from 'helmet'
import { citizenSession, requireCitizen } from 'citizen-session/express'

const app = express()
app.use(helmet())
app.use(compression())
const parsers = [cookieParser(), express.urlencoded({ extended: true }), express.json()]
${parsers === 'before' ? 'app.use(parsers)' : ''}
app.use(citizenSession())
${parsers === 'after' ? 'app.use(parsers)' : ''}
const { doubleCsrfProtection, generateCsrfToken } = doubleCsrf({
  getSecret: () => 'a secret of the application',
  getSessionIdentifier: (req) => req.citizen.session?.id ?? '',
  cookieName: 'csrf',
  cookieOptions: { secure: false },
})
app.use(doubleCsrfProtection)
app.get('/benefits', requireCitizen(), (req, res) => {
  res.json({ hello: req.citizen.claims.sub, token: generateCsrfToken(req, res) })
})
app.listen(3000)
`

it.each(['before', 'after'] as const)(
  'FLD-01 FLD-02 Express among helmet, compression and a csrf protection, body parsers %s',
  async (parsers) => {
    const packages = ['express', 'helmet', 'compression', 'csrf-csrf', 'cookie-parser']
    await serve(await consumerOf([['citizen-session', ...packages]]), 'app.mjs', neighbours(parsers))
  },
)

it('FLD-01 FLD-02 Koa among helmet, compression and a body parser', async () => {
  const packages = ['koa', '@koa/router', 'koa-helmet', 'koa-compress', '@koa/bodyparser']
  const application = firstBlock(blocksOf('docs/koa.md'), 'ts')
    .replace(
      /^/,
      "import helmet from 'koa-helmet'\nimport compress from 'koa-compress'\nimport { bodyParser } from '@koa/bodyparser'\n",
    )
    .replace('app.use(citizenSession())', 'app.use(helmet())\napp.use(compress())\napp.use(bodyParser())\n$&')
  await serve(await consumerOf([['citizen-session', ...packages]]), 'app.mjs', application)
})
