/** @module Applications in one file: every bundler leaves out the optional packages that are not installed. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Consumer, createConsumer, removeConsumer } from './consumer.js'

const application = `
import { createSuite } from 'citizen-session'
import { createEmulator } from 'citizen-session/emulator'
import { citizenSession } from 'citizen-session/fetch'

const emulator = await createEmulator()
const settings = {
  identityProvider: { url: emulator.url },
  sharedCookie: { domain: emulator.domain },
  application: { id: 'benefits', url: 'http://benefits.citizen.localhost:3000', secrets: ['a secret of at least 32 bytes, or more'] },
  fetch: emulator.fetch,
}
const auth = citizenSession(settings)
const seen = auth.withCitizen(() => new Response('seen'))
const statuses = []
for (const headers of [{}, { cookie: await emulator.cookiesFor('ana') }]) {
  statuses.push((await seen(new Request(settings.application.url + '/letters', { headers }))).status)
}
const { code, message } = await createSuite({ ...settings, store: 'redis://127.0.0.1:1' }).ready().catch((error) => error)
console.log(JSON.stringify({ statuses, code, remedy: /npm install \\w+/.exec(message)?.[0] }))
process.exit()
`

const builds = {
  esbuild: `
import { build } from 'esbuild'
const { warnings } = await build({ entryPoints: ['app.mjs'], bundle: true, platform: 'node', format: 'esm', outfile: 'esbuild/app.mjs', logLevel: 'silent' })
console.log(JSON.stringify(warnings.map(({ text }) => text)))`,
  rolldown: `
import { rolldown } from 'rolldown'
const said = []
const bundle = await rolldown({ input: 'app.mjs', platform: 'node', onLog: (level, { message }) => void said.push(message) })
await bundle.write({ dir: 'rolldown', entryFileNames: '[name].mjs' })
console.log(JSON.stringify(said))`,
  // Webpack warns of what it leaves out.
  webpack: `
import webpack from 'webpack'
const output = { path: process.cwd() + '/webpack', filename: 'app.mjs', module: true, chunkFormat: 'module' }
webpack({ entry: './app.mjs', mode: 'none', target: 'node20', experiments: { outputModule: true }, output }, (error, stats) => {
  const { errors, warnings } = stats.compilation
  const isLeftOut = ({ message }) => /resolve '(ioredis|otpauth|uqr)'/.test(message)
  console.log(JSON.stringify([...errors, ...warnings.filter((warning) => !isLeftOut(warning))].map(({ message }) => message)))
})`,
}

describe('FLD-01 bundlers without optional packages', () => {
  let consumer: Consumer
  beforeAll(async () => {
    consumer = await createConsumer()
    await consumer.install('citizen-session', 'esbuild', 'rolldown', 'webpack')
    await consumer.write({ 'app.mjs': application })
  })
  afterAll(() => removeConsumer(consumer))

  it.each(Object.entries(builds))(
    '%s: it builds, signs in, and says what a Redis needs',
    async (name, build) => {
      await consumer.write({ [`${name}.mjs`]: build })
      expect(await consumer.run(process.execPath, [`${name}.mjs`])).toEqual({
        code: 0,
        stdout: '[]\n',
        stderr: '',
      })
      const { stdout, stderr } = await consumer.run(process.execPath, [`${name}/app.mjs`], {
        // That our addresses are plain http is said on stderr, and no matter here.
        NODE_NO_WARNINGS: '1',
      })
      expect({ said: JSON.parse(stdout || '""'), stderr }).toEqual({
        said: { statuses: [401, 200], code: 'configuration', remedy: 'npm install ioredis' },
        stderr: '',
      })
    },
  )
})
