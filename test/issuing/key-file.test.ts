import {
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type KeyFileRules, readKeyFile, writeNewFile } from '../../src/issuing/key-file.js'
import { pemKeys } from '../../src/issuing/pem-keys.js'
import { quickKey, temporaryFolder } from './world.js'

const isRoot = process.geteuid?.() === 0
const me = process.geteuid?.() ?? 0

/** A private key in a folder of its own, both as they should be. */
function keyFile(name = 'sso_private.pem') {
  const folder = join(temporaryFolder(), 'keys')
  mkdirSync(folder, { mode: 0o700 })
  const path = join(folder, name)
  writeFileSync(path, quickKey().export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 })
  return { folder, path }
}

const read = (path: string, rules?: KeyFileRules) => readKeyFile(path, 'private', rules)

async function refusal(path: string, rules?: KeyFileRules): Promise<string> {
  const error: unknown = await read(path, rules).then(
    () => undefined,
    (refused: unknown) => refused,
  )
  expect(error).toMatchObject({ code: 'key-file' })
  return error instanceof Error ? error.message : ''
}

describe('a private key file', () => {
  it.each([[0o600], [0o400], [0o700]])('with mode %o is read', async (mode) => {
    const { path } = keyFile()
    chmodSync(path, mode)
    expect(await read(path)).toContain('PRIVATE KEY')
  })

  it.each([
    [0o644, 'be read by others', '0644'],
    [0o640, 'be read by its group', '0640'],
    [0o604, 'be read by others', '0604'],
    [0o660, 'be changed by its group', '0660'],
    [0o602, 'be changed by others', '0602'],
    [0o611, 'be run by others', '0611'],
  ])('with mode %o is refused, with the chmod that mends it', async (mode, problem, shown) => {
    const { path } = keyFile()
    chmodSync(path, mode)
    const message = await refusal(path)
    expect(message).toContain(`${path} can ${problem} (mode ${shown})`)
    expect(message).toContain(`chmod 0600 ${path}`)
    chmodSync(path, 0o600)
    await read(path)
  })

  it('with mode 0640 is read where the group is named, and 0644 still is not', async () => {
    const { path } = keyFile()
    chmodSync(path, 0o640)
    await read(path, { groupRead: true })
    chmodSync(path, 0o644)
    expect(await refusal(path, { groupRead: true })).toContain(`chmod 0640 ${path}`)
    chmodSync(path, 0o660)
    expect(await refusal(path, { groupRead: true })).toContain(`chmod 0640 ${path}`)
  })

  it.each([
    [0o770, 'its group', true],
    [0o777, 'others', true],
    [0o1777, 'others', false],
    [0o755, '', false],
  ])('in a folder with mode %o', async (mode, who, isRefused) => {
    const { path, folder } = keyFile()
    chmodSync(folder, mode)
    if (!isRefused) return expect(await read(path)).toContain('PRIVATE KEY')
    const message = await refusal(path)
    expect(message).toContain(`${folder} is a folder that can be written by ${who}`)
    expect(message).toContain(`chmod go-w ${folder}`)
  })

  it('that a link leads to is judged by itself, and named by itself', async () => {
    const { path } = keyFile()
    const link = join(temporaryFolder(), 'link.pem')
    symlinkSync(path, link)
    expect(await read(link)).toContain('PRIVATE KEY')
    chmodSync(path, 0o644)
    expect(await refusal(link)).toContain(`chmod 0600 ${path}`)
  })

  it('behind the links of a mounted secret is read, as long as nobody can exchange the links', async () => {
    const { path, folder } = keyFile()
    const mounted = temporaryFolder()
    // As Kubernetes mounts a secret: key.pem -> ..data/key.pem, ..data -> ..2025, the folder itself sticky for all.
    renameSync(folder, join(mounted, '..2025'))
    symlinkSync('..2025', join(mounted, '..data'))
    symlinkSync('..data/sso_private.pem', join(mounted, 'key.pem'))
    chmodSync(mounted, 0o1777)
    expect(await read(join(mounted, 'key.pem'))).toContain('PRIVATE KEY')
    chmodSync(mounted, 0o777)
    expect(await refusal(join(mounted, 'key.pem'))).toContain(`chmod go-w ${mounted}`)
    expect(path).not.toBe('')
  })

  it('of another owner is refused, with the chown that mends it', async () => {
    const { path, folder } = keyFile()
    const message = await refusal(path, { owner: me + 1 })
    expect(message).toContain(
      `${path} belongs to the user ${me}, not to ${me + 1}; mend it with: chown ${me + 1} ${path}`,
    )
    // Only root can give files away.
    if (!isRoot) return
    chownSync(path, 4711, 4711)
    expect(await refusal(path)).toContain(`mend it with: chown ${me} ${path}`)
    chownSync(path, me, me)
    chownSync(folder, 4711, 4711)
    expect(await refusal(path)).toContain(`chown ${me} ${folder}`)
    // As secrets are mounted for a group: of root, 0640.
    chownSync(folder, me, me)
    chmodSync(path, 0o640)
    expect(await refusal(path, { owner: 4711 })).toContain('mend it with')
    expect(await read(path, { owner: 4711, groupRead: true })).toContain('PRIVATE KEY')
  })

  it('with blanks in its name has them quoted in the remedy', async () => {
    const { path } = keyFile("o'key one.pem")
    chmodSync(path, 0o644)
    expect(await refusal(path)).toContain(`chmod 0600 '${path.replace("'", "'\\''")}'`)
  })

  it.each([
    ['is not there', (folder: string) => join(folder, 'none.pem')],
    ['is no ordinary file', (folder: string) => folder],
  ])('that %s is refused', async (problem, pathIn) => {
    expect(await refusal(pathIn(keyFile().folder))).toContain(problem)
  })

  it('that is too large is not read', async () => {
    const { path } = keyFile()
    writeFileSync(path, 'a'.repeat(65_537))
    expect(await refusal(path)).toContain('too large')
  })

  it('is refused by whoever uses it, too', async () => {
    const { path } = keyFile()
    chmodSync(path, 0o644)
    const storage = pemKeys({ keys: [{ kid: 'a', privateKey: { file: path } }] })
    await expect(storage.read()).rejects.toMatchObject({ code: 'key-file' })
  })
})

describe('a new file', () => {
  it.each([
    [0o000, 0o600],
    [0o000, 0o644],
    [0o077, 0o644],
    [0o777, 0o600],
  ])('under umask %o has the mode %o', async (mask, mode) => {
    const path = join(temporaryFolder(), 'new')
    const before = process.umask(mask)
    try {
      await writeNewFile(path, 'text', { mode })
    } finally {
      process.umask(before)
    }
    expect(statSync(path).mode & 0o777).toBe(mode)
    expect(readFileSync(path, 'utf8')).toBe('text')
  })

  it('replaces nothing, and follows no link', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'there'), 'theirs')
    symlinkSync(join(folder, 'elsewhere'), join(folder, 'link'))
    for (const name of ['there', 'link'])
      await expect(writeNewFile(join(folder, name), 'ours', { mode: 0o600 })).rejects.toMatchObject({
        code: 'EEXIST',
      })
    expect(readFileSync(join(folder, 'there'), 'utf8')).toBe('theirs')
  })

  it('has its owner before anything is in it', async () => {
    const path = join(temporaryFolder(), 'new')
    const owner = isRoot ? { uid: 4711, gid: 4712 } : { uid: me, gid: process.getegid?.() ?? 0 }
    await writeNewFile(path, 'text', { mode: 0o600, owner })
    expect(statSync(path)).toMatchObject(owner)
  })
})
