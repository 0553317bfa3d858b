/** @module Test runners by docs/testing.md alone: its files as they stand, run by each. */
import { expect, it, onTestFinished } from 'vitest'
import { type Consumer, createConsumer, freePort, removeConsumer } from './consumer.js'
import { blocksOf, filesOf, firstBlock, installsOf } from './page.js'

const page = 'docs/testing.md'
const files = filesOf(blocksOf(page))
const application = ['app.js', 'server.js', 'test/start-app.js']
const [ownInstall = []] = installsOf(blocksOf(page, 'Vitest'))
const esModules = { type: 'module' }
const file = 'test/benefits.test.js'

interface Run {
  readonly file: string
  /** Default: as it stands on the page. */
  readonly text?: string
  /** The same with something that is not so. */
  readonly broken?: string
  readonly env?: Readonly<Record<string, string>>
}

function textOfFile(name: string): string {
  const text = files[name]
  if (text === undefined) throw new Error(`${page} has no file ${name}`)
  return text
}

const textsOf = (names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, textOfFile(name)]))

/** A project with the application of the page, and with what these sections say to install. */
async function createProject(packageJson: object, ...headings: readonly string[]): Promise<Consumer> {
  const consumer = await createConsumer(packageJson)
  onTestFinished(() => removeConsumer(consumer))
  await consumer.write(textsOf(application))
  const wanted = headings.flatMap((heading) => installsOf(blocksOf(page, heading)))
  for (const args of new Set([ownInstall, ...wanted])) await consumer.install(...args)
  return consumer
}

/** Runs a test to its end, and once more as `broken`: it can fail. */
async function expectRun(
  consumer: Consumer,
  [command = '', ...args]: readonly string[],
  { file, text = textOfFile(file), broken = text.replaceAll('401', '418'), env = {} }: Run,
): Promise<void> {
  await consumer.write({ [file]: text })
  const { code, stdout, stderr } = await consumer.run(command, args, env)
  expect({ code, output: code === 0 ? '' : stdout + stderr }).toEqual({ code: 0, output: '' })
  await consumer.write({ [file]: broken })
  expect((await consumer.run(command, args, env)).code).not.toBe(0)
}

/** The test of the page with the line that Jest wants in place of Vitest's. */
const forJest = (): string =>
  textOfFile(file).replace(/^import .* from 'vitest'\n/m, firstBlock(blocksOf(page, 'Jest'), 'js'))

it('FLD-01 FLD-11 vitest by its section', async () => {
  const consumer = await createProject(esModules, 'Vitest')
  await expectRun(consumer, ['vitest', 'run'], { file })
})

it('FLD-01 FLD-11 Jest with ES modules by its section', async () => {
  const consumer = await createProject(esModules)
  await consumer.install('--save-dev', 'jest')
  const env = { NODE_OPTIONS: '--experimental-vm-modules' }
  await expectRun(consumer, ['jest'], { file, text: forJest(), env })
})

it('FLD-01 FLD-11 Jest with CommonJS by its section, files with import and with require', async () => {
  const consumer = await createProject({}, 'Jest with CommonJS')
  await consumer.write(textsOf(['jest.config.cjs', 'babel.config.cjs']))
  const text = forJest()
  await expectRun(consumer, ['jest'], { file, text })
  const required = text.replace(/^import (.+) from (.+)$/gm, 'const $1 = require($2)')
  await expectRun(consumer, ['jest'], { file, text: required })
})

it('FLD-01 FLD-11 node:test by its section', async () => {
  const consumer = await createProject(esModules)
  const file = 'test/benefits.node.js'
  await expectRun(consumer, [process.execPath, '--test', file], { file })
})

it('FLD-01 FLD-11 Playwright by its section', async () => {
  const consumer = await createProject(esModules, 'Playwright')
  const ports = { 3000: await freePort(), 4000: await freePort() }
  const onPorts = (text: string): string =>
    text.replaceAll(/3000|4000/g, (port) => String(ports[port as '3000' | '4000']))
  const names = [...application, 'test.env', 'playwright.config.js']
  const texts = Object.entries(textsOf(names)).map(([name, text]) => [name, onPorts(text)])
  await consumer.write(Object.fromEntries(texts))
  // The browser of the machine; `npx playwright install` reaches another registry.
  const executablePath = process.env.CITIZEN_TEST_CHROMIUM ?? '/usr/bin/chromium'
  const launchOptions = JSON.stringify({ executablePath, args: ['--no-sandbox'] })
  const config = onPorts(textOfFile('playwright.config.js'))
  await consumer.write({
    'playwright.config.js': config.replace('use: {', `use: { launchOptions: ${launchOptions},`),
  })
  const file = 'e2e/benefits.spec.js'
  const broken = textOfFile(file).replace(/^.*name: 'Sign out'.*\n/m, '')
  await expectRun(consumer, ['playwright', 'test'], { file, broken })
})
