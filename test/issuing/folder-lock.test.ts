import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { underLock } from '../../src/issuing/folder-lock.js'
import { keyFolder } from '../../src/issuing/key-folder.js'
import { createKeyRing } from '../../src/issuing/ring.js'
import { createTestClock, quickKey, rotateQuickly, temporaryFolder } from './world.js'

const file = { mode: 0o600 }
const times = { abandonedAfter: 60, pause: 2 }

describe('the lock of a folder', () => {
  it('lets one work at a time', async () => {
    const path = join(temporaryFolder(), 'lock')
    let inside = 0
    let most = 0
    let done = 0
    await Promise.all(
      Array.from({ length: 8 }, () =>
        underLock(path, file, async () => {
          inside += 1
          most = Math.max(most, inside)
          await new Promise((resolve) => setImmediate(resolve))
          inside -= 1
          done += 1
        }),
      ),
    )
    expect([most, done]).toEqual([1, 8])
    expect(readdirSync(join(path, '..'))).toEqual([])
  })

  it('is taken from a process that died with it, and no earlier', async () => {
    const path = join(temporaryFolder(), 'lock')
    writeFileSync(path, 'of a process that died')
    const began = performance.now()
    expect(await underLock(path, file, async ({ isHeld }) => isHeld(), times)).toBe(true)
    expect(performance.now() - began).toBeGreaterThanOrEqual(times.abandonedAfter)
    expect(existsSync(path)).toBe(false)
  })

  it('is taken from one that died also by a process that is held up longer than it would wait', async () => {
    const path = join(temporaryFolder(), 'lock')
    writeFileSync(path, 'of a process that died')
    const heldUp = { abandonedAfter: 1, pause: 20 }
    expect(await underLock(path, file, async ({ isHeld }) => isHeld(), heldUp)).toBe(true)
  })

  it('is given up where it goes from hand to hand all the time', async () => {
    const path = join(temporaryFolder(), 'lock')
    let hand = 0
    const next = setInterval(() => writeFileSync(path, `of process ${++hand}`), 1)
    try {
      writeFileSync(path, 'of process 0')
      const waiting = underLock(path, file, async () => undefined, { abandonedAfter: 40, pause: 10 })
      await expect(waiting).rejects.toMatchObject({ code: 'key-ring', isTransient: true })
    } finally {
      clearInterval(next)
    }
  })

  it('tells who held it too long, and leaves the lock of the next one alone', async () => {
    const path = join(temporaryFolder(), 'lock')
    await underLock(path, file, async ({ isHeld }) => {
      writeFileSync(path, 'of somebody else')
      expect(await isHeld()).toBe(false)
    })
    expect(readFileSync(path, 'utf8')).toBe('of somebody else')
  })

  it('is free again after a failure', async () => {
    const path = join(temporaryFolder(), 'lock')
    await expect(underLock(path, file, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed')
    expect(await underLock(path, file, async () => 'free')).toBe('free')
  })
})

describe('a folder of keys', () => {
  it('holds two files for each key, removes what is needed no more, and leaves nothing else behind', async () => {
    const folder = join(temporaryFolder(), 'keys')
    const { clock, travel } = createTestClock()
    const ring = createKeyRing({ storage: keyFolder(folder), clock })
    await rotateQuickly(ring)
    await rotateQuickly(ring)
    expect(readdirSync(folder).sort()).toEqual([
      'ring.json',
      'sso-20251008-2.pem',
      'sso-20251008-2.public.pem',
      'sso-20251008.pem',
      'sso-20251008.public.pem',
    ])
    expect(readFileSync(join(folder, 'ring.json'), 'utf8')).not.toMatch(/PRIVATE|"d"/)
    travel(2 * 86_400)
    await ring.maintain()
    expect(readdirSync(folder).sort()).toEqual([
      'ring.json',
      'sso-20251008-2.pem',
      'sso-20251008-2.public.pem',
    ])
  })

  it('keeps a file that is not of the ring, and takes the next name', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'sso-20251008.public.pem'), 'left behind')
    const { clock } = createTestClock()
    const ring = createKeyRing({ storage: keyFolder(folder), clock })
    expect(await rotateQuickly(ring)).toMatchObject({ kid: 'sso-20251008-2' })
    expect(readFileSync(join(folder, 'sso-20251008.public.pem'), 'utf8')).toBe('left behind')
    expect(existsSync(join(folder, 'sso-20251008.pem'))).toBe(false)
    writeFileSync(join(folder, 'mine.pem'), 'left behind')
    const imported = ring.rotate({ kid: 'mine', privateKey: quickKey() })
    await expect(imported).rejects.toThrow(/"mine" already/)
    expect(readFileSync(join(folder, 'mine.pem'), 'utf8')).toBe('left behind')
  })

  it('does not sign with a private key that is not the one it published', async () => {
    const folder = temporaryFolder()
    const { clock } = createTestClock()
    const first = createKeyRing({ storage: keyFolder(folder), clock })
    const { kid } = await rotateQuickly(first)
    writeFileSync(join(folder, `${kid}.pem`), quickKey().export({ format: 'pem', type: 'pkcs8' }))
    const ring = createKeyRing({ storage: keyFolder(folder), clock })
    await expect(ring.signer()).rejects.toMatchObject({ code: 'key-ring' })
  })
})
