import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { toEmulatorOptions } from '../../src/cli/emulator.js'
import { commands, runCommandLine } from '../../src/cli/run.js'

afterEach(() => {
  vi.unstubAllEnvs()
})

function start(...args: string[]) {
  const lines: string[] = []
  const errors: string[] = []
  const controller = new AbortController()
  let ready = () => {}
  const printed = new Promise<void>((resolve) => {
    ready = resolve
  })
  const code = runCommandLine(args, {
    out: (line) => {
      lines.push(line)
      ready()
    },
    err: (line) => errors.push(line),
    stop: controller.signal,
  })
  return { code, printed, lines, errors, stop: () => controller.abort() }
}

describe('citizen-session', () => {
  it('lists its commands, and says the help of each', async () => {
    const overview = start('--help')
    expect(await overview.code).toBe(0)
    for (const [name, { summary }] of Object.entries(commands)) {
      expect(overview.lines[0]?.replace(/ +/g, ' ')).toContain(` ${name} ${summary}`)
      const help = start(name, '--help')
      expect(await help.code).toBe(0)
      expect(help.lines[0]).toContain(`Usage: citizen-session ${name}`)
    }
  })

  it.each([
    [[], 'Usage'],
    [['nonsense'], '"nonsense" is not a command'],
    [['toString'], '"toString" is not a command'],
    [['emulator', '--prot', '1'], '--prot'],
    [['emulator', 'extra'], 'extra'],
    [['emulator', '--port', 'x'], '--port must be a whole number'],
    [['emulator', '--port', '70000'], '--port must be 0 to 65535'],
    [['emulator', '--token-seconds', '-5'], '--token-seconds'],
    [['emulator', '--refresh-answer', 'xml'], '--refresh-answer must be one of'],
    [['emulator', '--domain', 'a.b', '--host-only'], 'cannot go together'],
    [['emulator', '--openid-clients', 'no-such-file.json'], 'cannot be read as JSON'],
    [['emulator', '--openid-clients', 'package.json'], 'must be a list of clients'],
    [['emulator', '--saml-service-providers', 'no-such-file.json'], 'cannot be read as JSON'],
    [['emulator', '--saml-service-providers', 'package.json'], 'must be a list of service providers'],
  ])('answers %j with a usage error and exit code 2', async (args, message) => {
    const run = start(...args)
    expect(await run.code).toBe(2)
    expect(run.errors.join('\n')).toContain(message)
    expect(run.lines).toEqual([])
  })
})

describe('citizen-session emulator', () => {
  it('prints addresses, people and passwords, serves, and stops when told', async () => {
    const run = start('emulator', '--port', '0', '--token-seconds', '60')
    await run.printed
    const text = run.lines.join('\n')
    for (const part of ['http://id.citizen.localhost:', '/messages', '/faults', 'ana-password', 'or Eeze']) {
      expect(text).toContain(part)
    }
    const address = /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0] ?? ''
    expect((await fetch(address)).status).toBe(200)
    run.stop()
    expect(await run.code).toBe(0)
    await expect(fetch(address)).rejects.toThrow(TypeError)
  })

  it('turns arguments into options', () => {
    expect(
      toEmulatorOptions([
        ...[
          '--port',
          '0',
          '--url',
          'https://id.example.gov',
          '--domain',
          'example.gov',
          '--renew-after',
          '5',
        ],
        ...[
          '--refresh-answer',
          'jwt',
          '--return-origin',
          'https://a.example',
          '--return-origin',
          'https://b.example',
        ],
        ...['--idle-seconds', '1', '--session-seconds', '2', '--host', '0.0.0.0', '--remote', '--no-control'],
      ]),
    ).toEqual({
      port: 0,
      host: '0.0.0.0',
      remote: true,
      url: 'https://id.example.gov',
      domain: 'example.gov',
      tokenSeconds: undefined,
      idleSeconds: 1,
      sessionSeconds: 2,
      renewAfterSeconds: 5,
      refreshAnswer: 'jwt',
      allowedReturnOrigins: ['https://a.example', 'https://b.example'],
      control: false,
    })
    expect(toEmulatorOptions(['--host-only'])).toMatchObject({ port: 4000, domain: false })
  })

  it.each([
    ['a list', (clients: object[]) => clients],
    ['an object with options', (clients: object[]) => ({ clients, accessTokenSeconds: 30 })],
  ])('is an OpenID provider for the clients of a file: %s', async (_, shape) => {
    const folder = await mkdtemp(join(tmpdir(), 'citizen-session-'))
    try {
      const file = join(folder, 'clients.json')
      const client = { client_id: 'sp1', redirect_uris: ['https://sp1.example/callback'] }
      await writeFile(file, JSON.stringify(shape([client])))
      const run = start('emulator', '--port', '0', '--openid-clients', file)
      await run.printed
      const text = run.lines.join('\n')
      expect(text).toMatch(/http:\/\/id\.citizen\.localhost:\d+\/\.well-known\/openid-configuration/)
      const address = /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0] ?? ''
      const metadata = await (await fetch(`${address}/.well-known/openid-configuration`)).json()
      expect(metadata).toMatchObject({ end_session_endpoint: expect.stringContaining('logout.idp') })
      run.stop()
      expect(await run.code).toBe(0)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it.each([
    ['a list', (serviceProviders: object[]) => serviceProviders],
    ['an object with options', (serviceProviders: object[]) => ({ serviceProviders, signs: 'both' })],
  ])('is a SAML identity provider for the service providers of a file: %s', async (_, shape) => {
    const folder = await mkdtemp(join(tmpdir(), 'citizen-session-'))
    try {
      const file = join(folder, 'service-providers.json')
      const provider = { entityId: 'https://sp1.example', acsUrl: 'https://sp1.example/saml/acs' }
      await writeFile(file, JSON.stringify(shape([provider])))
      const run = start('emulator', '--port', '0', '--saml-service-providers', file)
      await run.printed
      const text = run.lines.join('\n')
      expect(text).toMatch(/SAML metadata +http:\/\/id\.citizen\.localhost:\d+\/saml\/metadata/)
      const address = /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0] ?? ''
      const metadata = await (await fetch(`${address}/saml/metadata`)).text()
      expect(metadata).toContain('<md:IDPSSODescriptor')
      const rollOver = await fetch(`${address}/emulator/saml-roll-over`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      })
      expect(await rollOver.json()).toEqual({ step: 'published' })
      run.stop()
      expect(await run.code).toBe(0)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('is the partner that takes SSO tokens too, with --partner', async () => {
    const run = start('emulator', '--port', '0', '--partner')
    await run.printed
    const text = run.lines.join('\n')
    const address = /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0] ?? ''
    const [, issuer = '', audience = ''] = /SSO_ISSUER=(\S+) SSO_AUDIENCE=(\S+)/.exec(text) ?? []
    expect(text).toMatch(/Partner \(SSO\) +http:\/\/id\.citizen\.localhost:\d+\/partner\/developer\/sso/)
    const dashboard = await (await fetch(`${address}/partner/developer/sso`)).text()
    for (const assigned of [issuer, audience])
      expect(dashboard).toContain(
        `<code id="${assigned === issuer ? 'issuer' : 'audience'}">${assigned}</code>`,
      )
    run.stop()
    expect(await run.code).toBe(0)
  })

  it('fails with exit code 1 for a client that cannot be', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'citizen-session-'))
    try {
      const file = join(folder, 'clients.json')
      await writeFile(file, '[{"client_id": "sp1", "redirect_uri": "https://sp1.example/"}]')
      const run = start('emulator', '--port', '0', '--openid-clients', file)
      expect(await run.code).toBe(1)
      expect(run.errors[0]).toContain('the field "redirect_uri" is unknown')
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('fails with exit code 1 in production', async () => {
    vi.stubEnv('NODE_ENV', 'production')
    const run = start('emulator', '--port', '0')
    expect(await run.code).toBe(1)
    expect(run.errors[0]).toContain('NODE_ENV=production')
  })
})
