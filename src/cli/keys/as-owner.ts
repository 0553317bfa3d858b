/** @module What root writes for others: as the user whose files they are to be, so that no link leads it astray. */
import { lstat, realpath } from 'node:fs/promises'
import { dirname, join, parse, sep } from 'node:path'
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
 * @throws CitizenSessionError `key-file` where the files would be root's, below a folder of somebody else.
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
  if (uid === 0) {
    throw new CitizenSessionError(
      'key-file',
      `${stranger} can be exchanged by another user than root: run this as that user, or name it with --owner`,
    )
  }
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

/**
 * The first part of a path, or of what its links lead to, that another user than root could exchange; `undefined`: none.
 * With the sticky bit others cannot take away what is root's.
 */
async function strangerOnTheWay(folder: string): Promise<string | undefined> {
  return (await strangerIn(folder)) ?? (await strangerIn(await deepestTarget(folder)))
}

async function strangerIn(path: string): Promise<string | undefined> {
  const { root } = parse(path)
  let way = root
  for (const part of path.slice(root.length).split(sep)) {
    way = join(way, part)
    const stats = await lstat(way).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return undefined
      throw error
    })
    // From here on nothing is there yet: root makes it, in a folder of its own.
    if (stats === undefined) return undefined
    const isOpenToOthers =
      !stats.isSymbolicLink() && (stats.mode & 0o022) !== 0 && (stats.mode & 0o1000) === 0
    if (stats.uid !== 0 || isOpenToOthers) return way
  }
  return undefined
}

/** Where the part of a path that is there leads to. */
async function deepestTarget(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error
    return deepestTarget(dirname(path))
  }
}
