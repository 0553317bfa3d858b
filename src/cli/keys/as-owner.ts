/** @module What root writes for others: as the user whose files they are to be, so that no link leads it astray. */
import type { Stats } from 'node:fs'
import { lstat, readlink } from 'node:fs/promises'
import { isAbsolute, join, parse, sep } from 'node:path'
import { CitizenSessionError } from '../../errors.js'
import { codeOf } from '../../issuing/key-file.js'

/** A user and a group, by number. */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

/**
 * Does work in a folder. Run by root, it is done with the rights of the owner of the files, unless nobody but root can
 * change the way to the folder: whoever keeps a folder on the way can exchange it for a link at any moment, and root
 * would write, and give away, wherever that leads.
 * @throws CitizenSessionError `key-file` where the files would be root's, and somebody else can change the way.
 */
export async function asOwner<T>(
  folder: string,
  owner: Owner | undefined,
  work: () => Promise<T>,
): Promise<T> {
  if (process.geteuid?.() !== 0) return work()
  const stranger = await strangerOnTheWay(folder)
  if (stranger === undefined) return work()
  const { uid, gid } = owner ?? { uid: 0, gid: 0 }
  if (uid === 0) throw new CitizenSessionError('key-file', stranger)
  return withRightsOf({ uid, gid }, work)
}

/** The rights of a user for as long as the work takes; the groups of root are laid down too. */
async function withRightsOf<T>({ uid, gid }: Owner, work: () => Promise<T>): Promise<T> {
  const { setgroups, getgroups, setegid, seteuid } = process
  if (!setgroups || !getgroups || !setegid || !seteuid) return work()
  const groups = getgroups()
  setgroups([gid])
  setegid(gid)
  seteuid(uid)
  try {
    return await work()
  } finally {
    seteuid(0)
    setegid(0)
    setgroups(groups)
  }
}

/** As many links as a kernel follows. */
const mostLinks = 40

/**
 * What is wrong with a way that another user than root could change, every link on it followed; `undefined`: nothing.
 * With the sticky bit others cannot take away what is root's, but they can be the first to make what is not there yet.
 */
async function strangerOnTheWay(folder: string): Promise<string | undefined> {
  const { root } = parse(folder)
  let way = root
  let isOpenToOthers = false
  let parts = folder.slice(root.length).split(sep)
  for (let links = 0; parts.length > 0; ) {
    const [part = '', ...rest] = parts
    parts = rest
    const parent = way
    way = join(parent, part)
    const stats = await statsOf(way)
    // From here on nothing is there yet: root makes it, in a folder of its own.
    if (stats === undefined) {
      return isOpenToOthers
        ? `${parent} is open to other users: make ${way} first, or name the user of the keys with --owner`
        : undefined
    }
    const isLink = stats.isSymbolicLink()
    isOpenToOthers = !isLink && (stats.mode & 0o022) !== 0
    if (stats.uid !== 0 || (isOpenToOthers && (stats.mode & 0o1000) === 0)) {
      return `${way} can be exchanged by another user than root: run this as that user, or name it with --owner`
    }
    if (!isLink) continue
    links += 1
    if (links > mostLinks) return `${way} is one of too many links`
    const target = await readlink(way)
    way = isAbsolute(target) ? root : parent
    parts = [...target.split(sep), ...parts]
  }
  return undefined
}

async function statsOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
