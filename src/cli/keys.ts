/** @module `citizen-session keys`: makes, follows up, lists, checks and publishes the keys that sign SSO tokens. */
import { CitizenSessionError } from '../errors.js'
import { codeOf } from '../issuing/key-file.js'
import { type Command, type Console, usageError } from './command.js'
import { type KeysArguments, parseJwksArguments, parseKeysArguments } from './keys/arguments.js'
import { checkKeys, listKeys } from './keys/look.js'
import { generateKeys, rotateKeys } from './keys/make.js'
import { exportJwks, exportPublic, publicJwks } from './keys/publish.js'

const help = `Usage: citizen-session keys <what> --folder <path> [options]
       citizen-session keys jwks --public <file> --kid <kid> [--out <file>]

Keys that sign SSO tokens for partners, in a folder that the application reads.

  generate        makes a ring with its first key, which signs at once
  rotate          publishes a next key, which signs when every partner can know it
  list            shows every key and where it stands
  check           looks at modes, owners, folders, and whether keys and state fit together
  export-jwks     prints the key set, as /.well-known/jwks.json has it
  export-public   prints a public key as PEM
  jwks            prints a key set from bare public keys, without a folder

  --folder <path>           folder of the ring; default: CITIZEN_SSO_KEYS
  --owner <user[:group]>    user (and group) of new files; default: those of the folder, or you
  --group-read              lets the group read private keys (0640 instead of 0600)
  --dry-run                 says what would be done, and does nothing
  --force                   writes private keys into a git work tree all the same
  --json                    list, check: for programs
  --out <file>              export-*, jwks: writes a new file (0644) instead of printing

generate:
  --name <name>             begins each kid, as in vivoldi-sso-20251008; default sso
  --import <file>           takes this private key (PEM: PKCS#8 or PKCS#1) instead of a new one
generate, rotate:
  --kid <kid>               name of an imported key, where the partner knows it already
  --algorithm <name>        RS256 (default), ES256 or EdDSA
  --bits <number>           size of an RSA key; default 3072, the least is 2048
  --cache-seconds <number>  how long partners may keep the key set; default 3600
  --publish-seconds <n>     how long a key is published before it signs; default 86400
  --token-seconds <number>  longest life of a token; default 300
rotate:
  --compromised <kid>       takes this key out at once; partners see it with their next look at the key set
export-public:
  --kid <kid>               default: the key that signs now
jwks:
  --public <file>           public key or certificate in PEM (SPKI, PKCS#1, X.509); - reads standard input
  --kid <kid>               its name in the set, as in vivoldi-sso-20251008
                            several: --public new.pem --kid new --public old.pem --kid old

Private keys are never printed. Exit codes: 0 done, 1 failed or something is wrong, 2 wrong usage.`

type Action = (args: readonly string[], console: Console) => Promise<number>

const actions: Readonly<Record<string, Action>> = {
  generate: ofRing('generate', generateKeys),
  rotate: ofRing('rotate', rotateKeys),
  list: ofRing('list', listKeys),
  check: ofRing('check', checkKeys),
  'export-jwks': ofRing('export-jwks', exportJwks),
  'export-public': ofRing('export-public', exportPublic),
  jwks: async (args, console) => publicJwks(await parseJwksArguments(args), console),
}

/** An action on the ring in a folder. */
function ofRing(what: string, act: (given: KeysArguments, console: Console) => Promise<number>): Action {
  return async (args, console) => act(await parseKeysArguments(what, args), console)
}

async function run(args: readonly string[], console: Console): Promise<number> {
  const [what, ...rest] = args
  const action = what !== undefined && Object.hasOwn(actions, what) ? actions[what] : undefined
  if (what === undefined || action === undefined) {
    const names = Object.keys(actions).join(', ')
    throw usageError(what === undefined ? `say what to do: ${names}` : `"${what}" is none of ${names}`)
  }
  try {
    return await action(rest, console)
  } catch (error) {
    throw fromFileSystem(error)
  }
}

/** A failure of the file system is told in a line; anything else is a fault of ours. */
function fromFileSystem(error: unknown): unknown {
  const code = codeOf(error)
  if (error instanceof CitizenSessionError || !(error instanceof Error) || !/^E[A-Z]+$/.test(code))
    return error
  const path: unknown = Reflect.get(error, 'path')
  const remedy =
    code === 'EACCES' || code === 'EPERM' ? '; run this as the owner of the folder, or as root' : ''
  const where = typeof path === 'string' ? path : 'the folder of the keys'
  return new CitizenSessionError('key-file', `${where}: ${code}${remedy}`, { cause: error })
}

/** The command. */
export const keysCommand: Command = { summary: 'keys that sign SSO tokens for partners', help, run }
