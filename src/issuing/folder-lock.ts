/** @module A lock in a folder that several processes share, perhaps over a network: one changes the ring at a time. */
import { randomUUID } from 'node:crypto'
import { link, readFile, rename, rm } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { CitizenSessionError } from '../errors.js'
import { codeOf, isMissing, type NewFile, writeNewFile } from './key-file.js'

/** Times of the lock, in milliseconds. */
export interface LockTimes {
  /** A lock that is the same for so long was left behind by a process that died. Work under it takes milliseconds. */
  readonly abandonedAfter: number
  readonly pause: number
}

const usualTimes: LockTimes = { abandonedAfter: 10_000, pause: 50 }

/** What the work under a lock is told. */
export interface Held {
  /** Whether the lock still is this one: to be asked right before the change that counts. */
  isHeld(): Promise<boolean>
}

/**
 * Does a piece of work while no other process does one under the same lock file. What is watched is the content, so
 * clocks of different machines do not matter.
 * @throws CitizenSessionError `key-ring` if the lock cannot be had.
 */
export async function underLock<T>(
  path: string,
  file: NewFile,
  work: (held: Held) => Promise<T>,
  times: LockTimes = usualTimes,
): Promise<T> {
  const token = randomUUID()
  await take(path, token, file, times)
  try {
    return await work({ isHeld: async () => (await contentOf(path)) === token })
  } finally {
    if ((await contentOf(path)) === token) await rm(path, { force: true })
  }
}

async function take(path: string, token: string, file: NewFile, times: LockTimes): Promise<void> {
  let seen: string | undefined
  let since = performance.now()
  const giveUpAt = since + 3 * times.abandonedAfter
  while (!(await tryTake(path, token, file))) {
    const content = await contentOf(path)
    const isSame = content !== undefined && content === seen
    if (isSame && performance.now() - since > times.abandonedAfter) {
      await breakLock(path, content)
      continue
    }
    if (!isSame) {
      // Only a lock that goes from hand to hand is given up: one that is left behind is free in a while.
      if (seen !== undefined && performance.now() >= giveUpAt) throw notHad(path)
      seen = content
      since = performance.now()
    }
    await wait(times.pause)
  }
}

function notHad(path: string): CitizenSessionError {
  const message = `the key ring is being changed all the time: if not, remove ${path}`
  return new CitizenSessionError('key-ring', message, { isTransient: true })
}

/** The lock appears with its content or not at all: a link to a file that is complete. */
async function tryTake(path: string, token: string, file: NewFile): Promise<boolean> {
  const own = `${path}.${token}`
  await writeNewFile(own, token, file)
  try {
    await link(own, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  } finally {
    await rm(own, { force: true })
  }
}

async function breakLock(path: string, content: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`
  try {
    await rename(path, aside)
    // Somebody else broke it and took it meanwhile: theirs again.
    if ((await contentOf(aside)) !== content) await link(aside, path)
  } catch (error) {
    if (!isMissing(error) && codeOf(error) !== 'EEXIST') throw error
  } finally {
    await rm(aside, { force: true })
  }
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
