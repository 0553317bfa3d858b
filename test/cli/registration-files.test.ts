/** @module A client that is registered and cannot be kept: never lost in silence. */
import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { registration, setUpRegistration } from './registering.js'

const world = setUpRegistration()

const client = (more: object = {}) => ({
  client_id: 'c1',
  client_secret: 'the secret of the client',
  registration_client_uri: `${world.provider.issuer}/register/c1`,
  registration_access_token: 'token',
  ...more,
})
const run = (action: string) => registration([action, '--file', world.folder.file, '--timeout', '5'])
const methods = () => world.provider.asked.map(({ method }) => method)
/** The folder is gone once the provider is asked: what a full disk does, as far as this goes. */
const loseFolder = () => rmSync(world.folder.path, { recursive: true, force: true })

describe('a client that cannot be kept once it is registered', () => {
  it('is deleted again, by the token that came with it', async () => {
    world.provider.answer = ({ method }) => {
      loseFolder()
      return method === 'DELETE' ? { status: 204, body: '' } : { body: client() }
    }
    const { code, out, err } = await run('--register')
    expect([code, out, methods()]).toEqual([1, '', ['POST', 'DELETE']])
    expect(err).toContain('could not be written (ENOENT); the client was deleted again')
    expect(world.provider.asked[1]).toMatchObject({ url: '/register/c1' })
    expect(world.provider.asked[1]?.headers.authorization).toBe('Bearer token')
  })

  it.each([
    ['the provider does not delete it', {}, ['POST', 'DELETE']],
    ['there is no way to delete it', { registration_access_token: undefined }, ['POST']],
    ['that way lies elsewhere', { registration_client_uri: 'https://evil.example/c1' }, ['POST']],
  ])('is named with what to do where %s', async (_what, more, asked) => {
    world.provider.answer = ({ method }) => {
      loseFolder()
      return method === 'DELETE' ? { status: 403 } : { body: client(more) }
    }
    const { code, err } = await run('--register')
    expect([code, methods()]).toEqual([1, asked])
    expect(err).toContain(`the client c1 is registered at ${world.provider.issuer}`)
    expect(err).toContain('delete it there')
    expect(err).not.toMatch(/the secret of the client|token\b/)
  })

  it('says of an update whose secret cannot be replaced that the client is as it was, and so it is', async () => {
    world.provider.answer = () => ({ body: client() })
    await run('--register')
    const before = world.folder.kept()
    world.provider.answer = () => {
      rmSync(world.folder.secretFile)
      mkdirSync(world.folder.secretFile)
      return { status: 200, body: client({ client_secret: 'new' }) }
    }
    const { code, err } = await run('--update')
    expect([code, err]).toEqual([1, expect.stringContaining('is as it was')])
    expect(world.folder.kept()).toEqual(before)
  })

  it('says of an update what may be lost', async () => {
    world.provider.answer = () => ({ body: client() })
    await run('--register')
    world.provider.answer = () => {
      loseFolder()
      return { status: 200, body: client({ client_secret: 'new' }) }
    }
    const { code, err } = await run('--update')
    expect([code, err]).toEqual([1, expect.stringContaining('is as it was; a new secret or token')])
  })
})

describe('a client that is deleted', () => {
  it('is told as deleted, also where its files stay', async () => {
    world.provider.answer = () => ({ body: client() })
    await run('--register')
    rmSync(world.folder.secretFile)
    mkdirSync(world.folder.secretFile)
    world.provider.answer = () => ({ status: 204, body: '' })
    const { code, err } = await run('--delete')
    expect([code, err]).toEqual([
      1,
      expect.stringContaining(`the client is deleted at ${world.provider.issuer}`),
    ])
    expect(err).toContain('remove them')
  })
})

describe('a provider', () => {
  it('is not asked to change what could not be kept', async () => {
    world.provider.answer = () => ({ body: client() })
    await run('--register')
    world.provider.asked.length = 0
    const full = Object.assign(new Error('full'), { code: 'ENOSPC' })
    const handle = await open(world.folder.file)
    const write = vi.spyOn(Object.getPrototypeOf(handle), 'writeFile').mockRejectedValue(full)
    await handle.close()
    try {
      for (const action of ['--read', '--update']) {
        const { code, err } = await run(action)
        expect([code, err]).toEqual([2, expect.stringContaining('(ENOSPC): the provider was not asked')])
      }
    } finally {
      write.mockRestore()
    }
    expect([world.provider.asked, world.folder.names()]).toEqual([
      [],
      ['openid-client.json', 'openid-client.secret'],
    ])
  })

  it('is not asked where the secret’s name is taken, if only by a link that leads nowhere', async () => {
    symlinkSync(join(world.folder.path, 'nothing'), world.folder.secretFile)
    expect(await run('--register')).toMatchObject({
      code: 2,
      err: expect.stringContaining('is there already'),
    })
    rmSync(world.folder.secretFile)
    mkdirSync(world.folder.secretFile)
    expect((await run('--register')).code).toBe(2)
    expect([world.provider.asked, world.folder.names()]).toEqual([[], ['openid-client.secret']])
  })
})
