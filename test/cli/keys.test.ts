import { execFileSync } from 'node:child_process'
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { createLocalJWKSet, jwtVerify, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { runCommandLine } from '../../src/cli/run.js'
import { keyFolder } from '../../src/issuing/key-folder.js'
import { createKeyRing } from '../../src/issuing/ring.js'
import { openssl, rsaKey, temporaryFolder } from '../issuing/world.js'

const nobody = 65_534
const isRoot = process.geteuid?.() === 0
const today = () => new Date().toISOString().slice(0, 10).replaceAll('-', '')

const keys = (...args: string[]) => keysWith(undefined, ...args)

/** With something to read on standard input. */
async function keysWith(input: readonly (string | Uint8Array)[] | undefined, ...args: string[]) {
  const lines: string[] = []
  const errors: string[] = []
  const code = await runCommandLine(['keys', ...args], {
    out: (line) => lines.push(line),
    err: (line) => errors.push(line),
    stop: new AbortController().signal,
    input: input && Readable.from(input.map((part) => Buffer.from(part))),
  })
  const output = lines.join('\n')
  // Whatever it does, it never prints a private key.
  expect(`${output}\n${errors.join('\n')}`).not.toMatch(/PRIVATE KEY|"d":/)
  return { code, output, errors: errors.join('\n') }
}

const modes = (folder: string) =>
  Object.fromEntries(
    readdirSync(folder).map((name) => [name, (statSync(join(folder, name)).mode & 0o777).toString(8)]),
  )

/** A ring that is made in no time. */
async function made(...more: string[]) {
  const folder = join(temporaryFolder(), 'keys')
  const { code } = await keys(
    'generate',
    '--folder',
    folder,
    '--algorithm',
    'EdDSA',
    '--name',
    'vivoldi-sso',
    ...more,
  )
  expect(code).toBe(0)
  return folder
}

describe('keys generate', () => {
  it('JWT-20 makes RSA 3072 for RS256 unless asked otherwise, with the right modes whatever the umask', async () => {
    const folder = join(temporaryFolder(), 'a', 'keys')
    const before = process.umask(0o000)
    const run = await keys('generate', '--folder', folder, '--name', 'vivoldi-sso').finally(() =>
      process.umask(before),
    )
    const kid = `vivoldi-sso-${today()}`
    expect(run).toMatchObject({ code: 0, errors: '' })
    expect(run.output).toContain(`${kid} signs now`)
    expect(modes(folder)).toEqual({ 'ring.json': '644', [`${kid}.pem`]: '600', [`${kid}.public.pem`]: '644' })
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    const publicPem = readFileSync(join(folder, `${kid}.public.pem`), 'utf8')
    expect(createPublicKey(publicPem).asymmetricKeyDetails?.modulusLength).toBe(3072)
    expect(openssl(['pkey', '-in', join(folder, `${kid}.pem`), '-pubout']).toString()).toBe(publicPem)
    const { algorithm } = await createKeyRing({ storage: keyFolder(folder) }).signer()
    expect(algorithm).toBe('RS256')
  })

  it('lets the group read where that is said', async () => {
    const folder = await made('--group-read')
    expect(modes(folder)[`vivoldi-sso-${today()}.pem`]).toBe('640')
    expect(statSync(folder).mode & 0o777).toBe(0o750)
    expect((await keys('check', '--folder', folder)).code).toBe(1)
    expect((await keys('check', '--folder', folder, '--group-read')).code).toBe(0)
  })

  it('makes no second ring in a folder', async () => {
    const folder = await made()
    const run = await keys('generate', '--folder', folder)
    expect(run.code).toBe(1)
    expect(run.errors).toContain('keys rotate')
  })

  it("takes the guide's own key, under the name that the partner knows", async () => {
    const home = temporaryFolder()
    const file = join(home, 'sso_private.pem')
    openssl(['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:3072', '-out', file])
    const folder = join(home, 'keys')
    const args = ['generate', '--folder', folder, '--import', file, '--kid', 'vivoldi-sso-20251008']
    chmodSync(file, 0o644)
    const refused = await keys(...args)
    expect(refused.code).toBe(1)
    expect(refused.errors).toContain(`chmod 0600 ${file}`)
    expect(existsSync(folder)).toBe(false)
    chmodSync(file, 0o600)
    expect((await keys(...args)).code).toBe(0)
    const { output } = await keys('export-public', '--folder', folder)
    expect(`${output}\n`).toBe(openssl(['rsa', '-in', file, '-pubout']).toString())
    expect(JSON.parse((await keys('export-jwks', '--folder', folder)).output).keys[0].kid).toBe(
      'vivoldi-sso-20251008',
    )
  })

  it('does nothing in a dry run', async () => {
    const folder = join(temporaryFolder(), 'keys')
    const run = await keys('generate', '--folder', folder, '--dry-run')
    expect(run.code).toBe(0)
    expect(run.output).toContain('nothing was done')
    expect(existsSync(folder)).toBe(false)
  })

  it('writes into no git work tree unless the path is ignored, or it is forced', async () => {
    const tree = temporaryFolder()
    execFileSync('git', ['init', '-q', tree])
    const folder = join(tree, 'deep', 'keys')
    const args = ['generate', '--folder', folder, '--algorithm', 'EdDSA']
    const refused = await keys(...args)
    expect(refused.code).toBe(1)
    expect(refused.errors).toContain('.gitignore')
    expect(existsSync(join(tree, 'deep'))).toBe(false)
    writeFileSync(join(tree, '.gitignore'), 'keys/\n')
    expect((await keys(...args, '--dry-run')).code).toBe(0)
    writeFileSync(join(tree, '.gitignore'), '')
    expect((await keys(...args, '--force')).code).toBe(0)
    const rotate = ['rotate', '--folder', folder, '--algorithm', 'EdDSA']
    expect((await keys(...rotate)).code).toBe(1)
    writeFileSync(join(tree, '.gitignore'), '*.pem\n')
    expect((await keys(...rotate)).code).toBe(0)
  })

  it('gives the files to whom the folder belongs, or to whom is named', async () => {
    const folder = temporaryFolder()
    // Only root can give files away; everybody else owns what they make.
    const owner = isRoot ? { uid: 4711, gid: 4712 } : { uid: statSync(folder).uid, gid: statSync(folder).gid }
    chownSync(folder, owner.uid, owner.gid)
    expect((await keys('generate', '--folder', folder, '--algorithm', 'EdDSA')).code).toBe(0)
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name))).toMatchObject(owner)
    expect((await keys('check', '--folder', folder)).output).toContain('right')
    const named = join(temporaryFolder(), 'keys')
    const text = `${owner.uid}:${owner.gid}`
    expect((await keys('generate', '--folder', named, '--algorithm', 'EdDSA', '--owner', text)).code).toBe(0)
    for (const name of readdirSync(named)) expect(statSync(join(named, name))).toMatchObject(owner)
  })

  it('says in a line what the file system refuses', async () => {
    const file = join(temporaryFolder(), 'file')
    writeFileSync(file, '')
    const run = await keys('generate', '--folder', join(file, 'keys'), '--algorithm', 'EdDSA')
    expect(run.code).toBe(1)
    expect(run.errors).toMatch(/ENOTDIR|EEXIST|cannot be opened/)
  })
})

describe('keys rotate', () => {
  it('publishes a next key once, and signs with it later', async () => {
    const folder = await made()
    const dry = await keys('rotate', '--folder', folder, '--dry-run')
    expect(dry.output).toContain('nothing was done')
    const run = await keys('rotate', '--folder', folder, '--algorithm', 'ES256')
    expect(run.output).toMatch(new RegExp(`^vivoldi-sso-${today()}-2 signs from `))
    const again = await keys('rotate', '--folder', folder)
    expect(again).toMatchObject({ code: 0 })
    expect(again.output).toContain(`vivoldi-sso-${today()}-2 waits already`)
    const { keys: listed } = JSON.parse((await keys('list', '--folder', folder, '--json')).output)
    expect(
      listed.map(({ standing, alg }: { standing: string; alg: string }) => `${standing} ${alg}`),
    ).toEqual(['active EdDSA', 'next ES256'])
    const list = (await keys('list', '--folder', folder)).output
    expect(list).toMatch(/active {3}EdDSA {2}signs since .* until /)
    expect(list).toContain('key set kept 3600 s')
  })

  it('takes a compromised key out at once', async () => {
    const folder = await made()
    const kid = `vivoldi-sso-${today()}`
    expect((await keys('rotate', '--folder', folder, '--compromised', 'none')).code).toBe(2)
    const dry = await keys('rotate', '--folder', folder, '--compromised', kid, '--dry-run')
    expect(dry.output).toContain('nothing was done')
    const run = await keys('rotate', '--folder', folder, '--compromised', kid)
    expect(run.code).toBe(0)
    expect(run.output).toContain(`${kid}-2 signs now`)
    expect(existsSync(join(folder, `${kid}.pem`))).toBe(false)
    const { keys: left } = JSON.parse((await keys('export-jwks', '--folder', folder)).output)
    expect(left).toHaveLength(1)
  }, 20_000)

  it('changes the times of the ring', async () => {
    const folder = await made('--token-seconds', '60')
    await keys('rotate', '--folder', folder, '--algorithm', 'EdDSA', '--cache-seconds', '600')
    const { policy } = JSON.parse((await keys('list', '--folder', folder, '--json')).output)
    expect(policy).toMatchObject({ cacheSeconds: 600, tokenSeconds: 60, publishSeconds: 86_400 })
    expect((await keys('rotate', '--folder', folder, '--publish-seconds', '60')).code).toBe(2)
  })
})

describe('keys check', () => {
  const kid = () => `vivoldi-sso-${today()}`
  it.each<[string, (folder: string) => void, (folder: string) => string]>([
    [
      'a private key for all',
      (folder) => chmodSync(join(folder, `${kid()}.pem`), 0o644),
      (folder) => `chmod 0600 ${folder}/${kid()}.pem`,
    ],
    ['a folder for the group', (folder) => chmodSync(folder, 0o770), (folder) => `chmod go-w ${folder}`],
    [
      'a state that others write',
      (folder) => chmodSync(join(folder, 'ring.json'), 0o666),
      (folder) => `chmod 0644 ${folder}/ring.json`,
    ],
    [
      'a public key that others write',
      (folder) => chmodSync(join(folder, `${kid()}.public.pem`), 0o646),
      (folder) => `chmod 0644 ${folder}/${kid()}.public.pem`,
    ],
    [
      'another private key',
      (folder) => writeFileSync(join(folder, `${kid()}.pem`), openssl(['genpkey', '-algorithm', 'ED25519'])),
      () => `--compromised ${kid()}`,
    ],
    [
      'another public key',
      (folder) =>
        writeFileSync(
          join(folder, `${kid()}.public.pem`),
          openssl(['pkey', '-pubout'], openssl(['genpkey', '-algorithm', 'ED25519'])),
        ),
      () => 'does not fit the public key',
    ],
  ])('finds %s, and says the remedy', async (_name, spoil, remedy) => {
    const folder = await made()
    expect(await keys('check', '--folder', folder)).toMatchObject({ code: 0, errors: '' })
    spoil(folder)
    const run = await keys('check', '--folder', folder)
    expect(run.code).toBe(1)
    expect(run.output).toContain(remedy(folder))
    const { ok, findings } = JSON.parse((await keys('check', '--folder', folder, '--json')).output)
    expect([ok, findings.length]).toEqual([false, 1])
  })

  it('finds a state that is broken', async () => {
    const folder = await made()
    writeFileSync(join(folder, 'ring.json'), '{}')
    const run = await keys('check', '--folder', folder)
    expect(run.code).toBe(1)
    expect(run.errors).toContain('key ring')
  })
})

describe('keys export', () => {
  it('writes new files that everybody may read, and replaces none', async () => {
    const folder = await made()
    const out = join(temporaryFolder(), 'jwks.json')
    expect((await keys('export-jwks', '--folder', folder, '--out', out, '--dry-run')).code).toBe(0)
    expect(existsSync(out)).toBe(false)
    expect((await keys('export-jwks', '--folder', folder, '--out', out)).code).toBe(0)
    expect(statSync(out).mode & 0o777).toBe(0o644)
    expect(JSON.parse(readFileSync(out, 'utf8')).keys).toHaveLength(1)
    const again = await keys('export-jwks', '--folder', folder, '--out', out)
    expect(again.code).toBe(1)
    expect(again.errors).toContain('is there already')
  })

  it('exports a next key by its name', async () => {
    const folder = await made()
    await keys('rotate', '--folder', folder, '--algorithm', 'EdDSA')
    const next = await keys('export-public', '--folder', folder, '--kid', `vivoldi-sso-${today()}-2`)
    const active = await keys('export-public', '--folder', folder)
    expect(next.output).toContain('BEGIN PUBLIC KEY')
    expect(next.output).not.toBe(active.output)
    expect((await keys('export-public', '--folder', folder, '--kid', 'none')).code).toBe(2)
  })
})

describe('keys jwks', () => {
  const kid = 'vivoldi-sso-20251008'
  const pem = (index: number) => rsaKey(index).export({ format: 'pem', type: 'pkcs8' }).toString()
  const spki = (index = 0) => openssl(['rsa', '-pubout'], pem(index)).toString()
  const fromText = (text: string | Uint8Array) => keysWith([text], 'jwks', '--public', '-', '--kid', kid)

  it("JWT-20 makes the document's jwks.json from sso_public.pem: its members in its order, and tokens verify by it", async () => {
    const folder = temporaryFolder()
    const file = join(folder, 'sso_public.pem')
    writeFileSync(file, spki())
    const run = await keys('jwks', '--public', file, '--kid', kid)
    expect(run).toMatchObject({
      code: 0,
      errors: `${kid} has 2048 bits; for the next key 3072 are recommended.`,
    })
    const set = JSON.parse(run.output)
    expect(Object.keys(set)).toEqual(['keys'])
    expect(Object.entries(set.keys[0])).toMatchObject([
      ['kty', 'RSA'],
      ['use', 'sig'],
      ['kid', kid],
      ['alg', 'RS256'],
      ['n', expect.stringMatching(/^[A-Za-z0-9_-]{342}$/)],
      ['e', 'AQAB'],
    ])
    expect(set.keys).toHaveLength(1)
    const header = { alg: 'RS256', kid }
    const token = await new SignJWT({ sub: 'ana' }).setProtectedHeader(header).sign(rsaKey(0))
    expect((await jwtVerify(token, createLocalJWKSet(set))).payload).toEqual({ sub: 'ana' })
  })

  it.each<[string, () => string | Uint8Array]>([
    ['SPKI', spki],
    ['PKCS#1', () => openssl(['rsa', '-RSAPublicKey_out'], pem(0))],
    ['a certificate', () => certificateOf(0)],
    ['what an editor of Windows leaves', () => `\uFEFF${spki().replaceAll('\n', '\r\n')}`],
    [
      'text around it, as openssl writes with -text',
      () =>
        openssl(['rsa', '-pubout', '-text'], pem(0))
          .toString()
          .replace(/^.*?(?=-----)/s, 'Public-Key: (2048 bit)\n'),
    ],
  ])('reads %s from standard input, and all make the same set', async (_, text) => {
    const { n, e } = createPublicKey(rsaKey(0)).export({ format: 'jwk' })
    const run = await fromText(text())
    expect(run.code).toBe(0)
    expect(JSON.parse(run.output)).toEqual({ keys: [{ kty: 'RSA', use: 'sig', kid, alg: 'RS256', n, e }] })
  })

  it('puts two keys into one set, for a rotation, and writes it to a new file that everybody may read', async () => {
    const folder = temporaryFolder()
    const files = ['new', 'old'].map((name, index) => {
      writeFileSync(join(folder, name), spki(index))
      return ['--public', join(folder, name), '--kid', name]
    })
    const out = join(folder, 'jwks.json')
    const args = ['jwks', ...files.flat(), '--out', out]
    expect((await keys(...args, '--dry-run')).output).toBe(`Would write ${out}; nothing was done.`)
    expect((await keys(...args)).output).toBe(out)
    const set = JSON.parse(readFileSync(out, 'utf8')) as { keys: { kid: string; n: string }[] }
    expect(set.keys.map((key) => key.kid)).toEqual(['new', 'old'])
    expect(new Set(set.keys.map((key) => key.n)).size).toBe(2)
    expect(statSync(out).mode & 0o777).toBe(0o644)
    expect((await keys(...args)).errors).toContain('is there already')
  })

  it.each<[string, () => string | Uint8Array, string]>([
    ['a private key', () => pem(0), 'openssl pkey -in <private key> -pubout'],
    [
      'a private key of PKCS#1',
      () => rsaKey(0).export({ format: 'pem', type: 'pkcs1' }),
      'this is a private key',
    ],
    ['a private key beside the public one', () => spki() + pem(0), 'this is a private key'],
    ['an encrypted private key', () => pem(0).replaceAll('PRIVATE', 'ENCRYPTED PRIVATE'), 'private key'],
    ['1024 bits', () => publicPem('rsa', { modulusLength: 1024 }), '1024 bits is too short: at least 2048'],
    [
      'an exponent of 3',
      () => publicPem('rsa', { modulusLength: 2048, publicExponent: 3 }),
      'at least 65537',
    ],
    ['an even exponent', () => withExponent('AQAC'), 'odd'],
    ['an exponent that no verifier takes', () => withExponent('AQAAAAAAAAAB'), '64 bits'],
    ['a key for PSS alone', () => publicPem('rsa-pss', { modulusLength: 2048 }), 'a signing key is RSA'],
    ['two keys in one file', () => spki(0) + spki(1), 'there are 2 keys or certificates in this text'],
    ['DER', () => createPublicKey(spki()).export({ format: 'der', type: 'spki' }), '-inform DER'],
    ['an SSH key', () => 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ ana', 'ssh-keygen -e -m PKCS8'],
    ['nothing', () => '', 'cannot be read'],
    ['what never ends', () => spki() + ' '.repeat(70_000), 'longer than 64 KiB'],
  ])('refuses %s, and says what to do', async (_, text, message) => {
    const run = await fromText(text())
    expect(run).toMatchObject({ code: 1, output: '' })
    expect(run.errors).toMatch(/^citizen-session keys: standard input/)
    expect(run.errors).toContain(message)
  })

  it('names the file that it cannot read, and reads a pipe under a name', async () => {
    const nowhere = join(temporaryFolder(), 'sso_public.pem')
    const missing = await keys('jwks', '--public', nowhere, '--kid', kid)
    expect(missing).toMatchObject({
      code: 1,
      errors: `citizen-session keys: ${nowhere} cannot be read (ENOENT)`,
    })
    execFileSync('mkfifo', [nowhere])
    const [run] = await Promise.all([
      keys('jwks', '--public', nowhere, '--kid', kid),
      writeFile(nowhere, spki()),
    ])
    expect(run.code).toBe(0)
  })

  it.each([
    [[], '--public <file>'],
    [['--public', '-'], 'needs its --kid'],
    [['--public', '-', '--kid', 'a', '--kid', 'b'], 'needs its --kid'],
    [['--public', '-', '--kid', '../a'], '--kid is letters'],
    [['--public', '-', '--kid', ''], '--kid is letters'],
    [['--public', '-', '--public', '-', '--kid', 'a', '--kid', 'b'], '--public - once'],
    [['--public', 'x', '--public', 'y', '--kid', 'a', '--kid', 'a'], 'cannot have the same --kid'],
    [['--public', '-', '--kid', 'a', '--folder', 'b'], '--folder'],
  ])('answers %j with a usage error', async (args, message) => {
    const run = await keys('jwks', ...args)
    expect(run).toMatchObject({ code: 2, output: '' })
    expect(run.errors).toContain(message)
  })

  it('takes one key once', async () => {
    const file = join(temporaryFolder(), 'a.pem')
    writeFileSync(file, spki())
    const args = ['jwks', '--public', file, '--kid', 'a', '--public', '-', '--kid', 'b']
    const run = await keysWith([spki()], ...args)
    expect([run.code, run.errors]).toEqual([2, expect.stringContaining('standard input holds a key that')])
  })
})

function publicPem(kind: 'rsa' | 'rsa-pss', options: { modulusLength: number; publicExponent?: number }) {
  const make = generateKeyPairSync as (kind: string, options: object) => { publicKey: KeyObject }
  return make(kind, options).publicKey.export({ format: 'pem', type: 'spki' })
}

/** A public key whose exponent was spoilt on the way. */
function withExponent(e: string) {
  const jwk = { ...createPublicKey(rsaKey(0)).export({ format: 'jwk' }), e }
  return createPublicKey({ key: jwk, format: 'jwk' }).export({ format: 'pem', type: 'spki' })
}

function certificateOf(index: number): Buffer {
  const file = join(temporaryFolder(), 'sso_private.pem')
  writeFileSync(file, rsaKey(index).export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 })
  return openssl(['req', '-x509', '-new', '-key', file, '-subj', '/CN=benefits', '-days', '2'])
}

describe('keys', () => {
  it.each([
    [[], 'say what to do'],
    [['destroy'], '"destroy" is none of'],
    [['list'], '--folder'],
    [['generate', '--folder', 'a', '--json'], 'keys generate has no option --json'],
    [['list', '--folder', 'a', '--force'], 'keys list has no option --force'],
    [['generate', '--folder', 'a', '--algorithm', 'HS256'], '--algorithm is one of'],
    [['generate', '--folder', 'a', '--bits', '1024'], '--bits is 2048'],
    [['generate', '--folder', 'a', '--kid', 'x'], '--kid names an imported key'],
    [['generate', '--folder', 'a', '--name', '../x'], '--name is'],
    [['generate', '--folder', 'a', '--publish-seconds', '10'], 'publishSeconds'],
    [['generate', '--folder', 'a', '--owner', 'nobody-of-that-name-here'], '--owner'],
    [['generate', '--folder', 'a', '--import', 'b', '--bits', '4096'], 'leave --algorithm and --bits out'],
    [['generate', 'extra', '--folder', 'a'], 'extra'],
  ])('answers %j with a usage error and exit code 2', async (args, message) => {
    const run = await keys(...args)
    expect(run.code).toBe(2)
    expect(run.errors).toContain(message)
    expect(run.output).toBe('')
  })

  it.each(['list', 'check', 'rotate', 'export-jwks', 'export-public'])(
    '%s says what to do where there is no ring',
    async (what) => {
      const folder = join(temporaryFolder(), 'none')
      mkdirSync(folder)
      const run = await keys(what, '--folder', folder)
      expect(run.code).toBe(1)
      expect(run.errors).toContain('citizen-session keys generate')
    },
  )
})

describe('HLD-23 keys that nobody is to have', () => {
  it('HLD-23 are found by keys check wherever they lie in the folder, and removed by rotate', async () => {
    const folder = await made()
    const [kid = ''] = readdirSync(folder).flatMap((name) => /^(.*)\.public\.pem$/.exec(name)?.[1] ?? [])
    const key = readFileSync(join(folder, `${kid}.pem`))
    expect((await keys('rotate', '--folder', folder, '--compromised', kid)).code).toBe(0)
    expect(existsSync(join(folder, `${kid}.pem`))).toBe(false)
    expect((await keys('check', '--folder', folder)).code).toBe(0)
    // As after a crash between the new state and the removal.
    writeFileSync(join(folder, `${kid}.pem`), key, { mode: 0o600 })
    writeFileSync(join(folder, 'notes.txt'), 'harmless')
    const found = await keys('check', '--folder', folder)
    expect(found.code).toBe(1)
    expect(found.output).toContain(`${kid}.pem holds a private key that is none of the ring`)
    expect(found.output).toContain(`rm ${join(folder, `${kid}.pem`)}`)
    expect(found.output).not.toContain('notes.txt')
    expect((await keys('rotate', '--folder', folder, '--compromised', kid, '--dry-run')).code).toBe(2)
    const again = await keys('rotate', '--folder', folder, '--compromised', kid)
    expect([again.code, again.output]).toEqual([0, expect.stringContaining('was out of the key set already')])
    expect((await keys('check', '--folder', folder)).code).toBe(0)
  })

  const privateKeyAs = (
    kind: 'ec' | 'rsa',
    type: 'pkcs8' | 'pkcs1' | 'sec1',
    secret?: { readonly cipher: string; readonly passphrase: string },
  ) => {
    const pair =
      kind === 'ec'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('rsa', { modulusLength: 2048 })
    return pair.privateKey.export({ format: 'der', type, ...secret })
  }

  it.each([
    ['PKCS #8', () => privateKeyAs('ec', 'pkcs8')],
    ['PKCS #1', () => privateKeyAs('rsa', 'pkcs1')],
    ['SEC 1', () => privateKeyAs('ec', 'sec1')],
    [
      'encrypted PKCS #8',
      () => privateKeyAs('ec', 'pkcs8', { cipher: 'aes-256-cbc', passphrase: 'guess me' }),
    ],
  ])('HLD-23 are seen as DER too, also in folders of the folder: %s', async (_form, make) => {
    const folder = await made()
    const inner = join(folder, 'old', 'older')
    mkdirSync(inner, { recursive: true })
    for (const place of [folder, inner]) {
      writeFileSync(join(place, 'copy'), make(), { mode: 0o600 })
      const found = await keys('check', '--folder', folder)
      expect([found.code, found.output]).toEqual([1, expect.stringContaining(`rm ${join(place, 'copy')}`)])
      rmSync(join(place, 'copy'))
    }
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    writeFileSync(join(inner, 'public.der'), publicKey.export({ format: 'der', type: 'spki' }))
    expect((await keys('check', '--folder', folder)).code).toBe(0)
  })

  it('HLD-23 are not looked for through links, and it is said where not everything was looked at', async () => {
    const folder = await made()
    const elsewhere = temporaryFolder()
    writeFileSync(join(elsewhere, 'own.pem'), '-----BEGIN PRIVATE KEY-----', { mode: 0o600 })
    symlinkSync(elsewhere, join(folder, 'linked'))
    symlinkSync(join(elsewhere, 'own.pem'), join(folder, 'own.pem'))
    expect((await keys('check', '--folder', folder)).code).toBe(0)
    const deep = join(folder, '1', '2', '3', '4', '5')
    mkdirSync(deep, { recursive: true })
    const tooDeep = await keys('check', '--folder', folder)
    expect([tooDeep.code, tooDeep.output]).toEqual([1, expect.stringContaining(`${deep} was not looked at`)])
    rmSync(join(folder, '1'), { recursive: true })
    for (let count = 0; count < 1000; count += 1) writeFileSync(join(folder, `note-${count}`), '')
    const tooMany = await keys('check', '--folder', folder)
    expect([tooMany.code, tooMany.output]).toEqual([1, expect.stringContaining('more than 1000 files')])
  })

  it.each([
    ['.ring-0f.json', '{}', 'interrupted'],
    ['ring.lock.0f', 'x', 'interrupted'],
    ['old.pem', '-----BEGIN RSA PRIVATE KEY-----\nAAAA', 'private key'],
    ['key.jwk', '{"kty":"EC","d":"AAAA"}', 'private key'],
    ['.hidden', '-----BEGIN PRIVATE KEY-----', 'private key'],
  ])('HLD-23 are seen under the name %s', async (name, text, problem) => {
    const folder = await made()
    writeFileSync(join(folder, name), text, { mode: 0o600 })
    const { code, output } = await keys('check', '--folder', folder, '--json')
    expect(code).toBe(1)
    expect(output).toContain(name)
    expect(output).toContain(problem)
  })

  it.skipIf(!isRoot)('HLD-23 are never written by root through a link of another user', async () => {
    const place = temporaryFolder()
    chmodSync(place, 0o755)
    const [home, others] = [join(place, 'app'), join(place, 'roots-own')]
    for (const folder of [home, others]) mkdirSync(folder)
    chownSync(home, nobody, nobody)
    symlinkSync(others, join(home, 'keys'))
    lchownSync(join(home, 'keys'), nobody, nobody)
    for (const more of [['--owner', `${nobody}:${nobody}`], []]) {
      const { code } = await keys('generate', '--folder', join(home, 'keys'), '--algorithm', 'EdDSA', ...more)
      expect(code).toBe(1)
      expect(readdirSync(others)).toEqual([])
    }
    expect(statSync(others).uid).toBe(0)
    expect([process.geteuid?.(), process.getegid?.()]).toEqual([0, 0])
  })

  it.skipIf(!isRoot)(
    'HLD-23 are never written by root where a link of another user leads root’s own',
    async () => {
      const place = temporaryFolder()
      chmodSync(place, 0o755)
      const [home, others] = [join(place, 'app'), join(place, 'roots-own')]
      for (const folder of [home, others]) mkdirSync(folder)
      symlinkSync(others, join(home, 'current'))
      symlinkSync(join('app', 'current'), join(place, 'keys'))
      lchownSync(join(home, 'current'), nobody, nobody)
      chownSync(home, nobody, nobody)
      const { code, errors } = await keys('generate', '--folder', join(place, 'keys'), '--algorithm', 'EdDSA')
      expect([code, readdirSync(others)]).toEqual([1, []])
      expect(errors).toContain(`${home} can be exchanged`)
    },
  )

  it.skipIf(!isRoot).each(['export-jwks', 'export-public'])(
    'HLD-23 nor is what %s writes as root, wherever a link of another user leads',
    async (what) => {
      const folder = await made()
      const [home, elsewhere] = [temporaryFolder(), temporaryFolder()]
      symlinkSync(elsewhere, join(home, 'out'))
      chownSync(home, nobody, nobody)
      lchownSync(join(home, 'out'), nobody, nobody)
      for (const more of [['--owner', `${nobody}:${nobody}`], []]) {
        const run = await keys(what, '--folder', folder, '--out', join(home, 'out', 'keys.json'), ...more)
        expect(run.code).toBe(1)
        expect(readdirSync(elsewhere)).toEqual([])
      }
      chmodSync(home, 0o755)
      const path = join(home, 'keys.json')
      const run = await keys(what, '--folder', folder, '--out', path, '--owner', `${nobody}:${nobody}`)
      expect([run.code, statSync(path).uid, statSync(path).mode & 0o777]).toEqual([0, nobody, 0o644])
    },
  )

  it.skipIf(!isRoot)('HLD-23 are never made by root where another user could be faster', async () => {
    const place = temporaryFolder()
    // As /tmp is: whoever comes first may put a link there.
    chmodSync(place, 0o1777)
    const folder = join(place, 'keys')
    const generate = (...more: string[]) =>
      keys('generate', '--folder', folder, '--algorithm', 'EdDSA', ...more)
    const { code, errors } = await generate()
    expect([code, existsSync(folder)]).toEqual([1, false])
    expect(errors).toContain(`${place} is open to other users`)
    expect((await generate('--owner', `${nobody}:${nobody}`)).code).toBe(0)
    expect(statSync(folder).uid).toBe(nobody)
    rmSync(folder, { recursive: true })
    mkdirSync(folder, { mode: 0o700 })
    expect((await generate()).code).toBe(0)
    expect(statSync(folder).uid).toBe(0)
  })

  it.skipIf(!isRoot)(
    'HLD-23 are made below the folder of another user with the rights of that user',
    async () => {
      const place = temporaryFolder()
      chmodSync(place, 0o755)
      const home = join(place, 'app')
      mkdirSync(home)
      chownSync(home, nobody, nobody)
      const folder = join(home, 'keys')
      expect((await keys('generate', '--folder', folder, '--algorithm', 'EdDSA')).code).toBe(0)
      expect((await keys('rotate', '--folder', folder)).code).toBe(0)
      const owners = [folder, ...readdirSync(folder).map((name) => join(folder, name))].map(
        (path) => statSync(path).uid,
      )
      expect(new Set(owners)).toEqual(new Set([nobody]))
      expect((await keys('check', '--folder', folder)).code).toBe(0)
    },
  )
})
