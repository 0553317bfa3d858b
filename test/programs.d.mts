/** @module Types of `programs.mjs`, for the tests. */

/** A kind of test that needs a program. */
export type ProgramKind =
  | 'redis'
  | 'browser'
  | 'firefox'
  | 'display'
  | 'webkit'
  | 'nginx'
  | 'xmlsec'
  | 'spin'
  | 'compiler'
  | 'java'
  | 'php'
  | 'lasso'
  | 'pysaml2'
  | 'rubysaml'
  | 'bun'
  | 'deno'
  | 'workerd'

/** What is known of each program. */
export const programs: Readonly<
  Record<
    ProgramKind,
    {
      readonly variable: string
      readonly names: readonly string[]
      readonly debian?: string
      readonly besides?: readonly string[]
      readonly npm?: Readonly<Record<string, string>>
      readonly targets?: readonly string[]
      readonly isLibrary?: boolean
    }
  >
>

/** The executable, by its variable, on the path, or unpacked or installed earlier. */
export function findProgram(kind: ProgramKind): string | undefined

/** Like {@link findProgram}, and gets it from Debian's packages, or from npm, where it is missing. */
export function obtainProgram(kind: ProgramKind, say: (line: string) => void): Promise<string | undefined>

/** What to tell whoever lacks it. */
export function howToGet(kind: ProgramKind): string
