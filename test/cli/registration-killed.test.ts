/** @module A registration whose process is killed, and the next one. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, it } from 'vitest'
import { build } from '../processes/processes.js'
import { endWithUs } from '../support/orphans.js'
import { registration, setUpRegistration } from './registering.js'

const command = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))
const client = { client_id: 'c1', client_secret: 'the secret of the client' }

const world = setUpRegistration()
beforeAll(build)

const argumentsOf = (action: string) => [action, '--file', world.folder.file, '--timeout', '60']
const run = (action: string) => registration(argumentsOf(action))

/** A process that registers, and is killed as soon as the provider is asked to. */
async function killedWhileAsked(): Promise<void> {
  let child: ChildProcess | undefined
  world.provider.answer = () => {
    child?.kill('SIGKILL')
    return undefined
  }
  child = spawn(process.execPath, [command, 'registration', ...argumentsOf('--register')], {
    env: { ...process.env },
    stdio: 'ignore',
  })
  endWithUs(child)
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null]
  expect([code, signal, world.provider.asked.map(({ method }) => method)]).toEqual([
    null,
    'SIGKILL',
    ['POST'],
  ])
  world.provider.asked.length = 0
}

it.each(['--register', '--read', '--update', '--delete'])(
  'says to %s what the killed one has left, that a client may be registered, and what to do',
  async (action) => {
    await killedWhileAsked()
    expect(world.folder.names()).toEqual(['openid-client.json'])
    const { code, out, err } = await run(action)
    expect([code, out, world.provider.asked]).toEqual([2, '', []])
    expect(err).toContain(`${world.folder.file} is empty: a --register that began at 20`)
    expect(err).toContain('Whether a client was registered cannot be told: look at the provider')
    expect(err).toContain(`Then remove ${world.folder.file}, and begin anew`)
    expect(err).not.toMatch(/--update changes|holds no client/)
  },
)

it('begins anew once that is removed', async () => {
  await killedWhileAsked()
  rmSync(world.folder.file)
  world.provider.answer = ({ body }) => ({ status: 201, body: { ...JSON.parse(body), ...client } })
  expect((await run('--register')).code).toBe(0)
  expect(world.folder.kept()).toMatchObject(client)
})

it('names everything that one has left which was killed while it wrote', async () => {
  await killedWhileAsked()
  const written = `${world.folder.path}/.openid-client.json-1b671a64-40d5-491e-99b0-da01ff1f3341`
  for (const path of [world.folder.secretFile, written]) writeFileSync(path, 'x', { mode: 0o600 })
  const { err } = await run('--register')
  const [remove = ''] = /Then remove [^,]*/.exec(err) ?? []
  const left = readdirSync(world.folder.path).map((name) => `${world.folder.path}/${name}`)
  expect(remove.slice('Then remove '.length).split(' ').sort()).toEqual(left.sort())
})
