/** @module The declarations that are packed: interfaces of options that every editor reads, with their docstrings. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { repositoryFiles, root, textOf } from '../house/source.js'
import { execute } from '../package/consumer.js'

const table = `export declare const things: {
    /** The id. Default none. */
    readonly id: import("./option.js").RequiredOption<string, string>;
    readonly inner: {
        /**
         * How it
         * goes.
         */
        readonly way: import("./option.js").DefaultedOption<"fast" | "slow", "fast" | "slow">;
        /** A function. */
        readonly decide: import("./option.js").OptionalOption<(a: import("./a.js").A) => boolean, (a: import("./a.js").A) => boolean>;
    };
};
`
const written = `export interface Things {
    /** The id. Default none. */
    readonly id: string;
    readonly inner?: {
        /**
         * How it
         * goes.
         */
        readonly way?: 'fast' | 'slow' | undefined;
        /** A function. */
        readonly decide?: ((a: import("./a.js").A) => boolean) | undefined;
    } | undefined;
}
export interface Anywhere {
    /** The id. Default none. */
    readonly id?: string | undefined;
    readonly inner?: {
        /**
         * How it
         * goes.
         */
        readonly way?: 'fast' | 'slow' | undefined;
        /** A function. */
        readonly decide?: ((a: import("./a.js").A) => boolean) | undefined;
    } | undefined;
}
export interface Resolved extends Base {
    readonly inner: {
        /**
         * How it
         * goes.
         */
        readonly way: 'fast' | 'slow';
        /** A function. */
        readonly decide: ((a: import("./a.js").A) => boolean) | undefined;
    };
    readonly more: ResolvedOf<typeof elsewhere>;
}
export interface Other extends Base, Omit<ResolvedOf<typeof things>, Left> {
    readonly more: string;
}
`

it('hold what follows from a table written out, once and for all; the table itself stays', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'citizen-session-declarations-'))
  const file = join(folder, 'things.d.ts')
  const made = `export interface Things extends GivenRequired<typeof things>, GivenOptional<typeof things> {
}
export interface Anywhere extends GivenAnywhere<typeof things> {
}
export interface Resolved extends Base, Omit<ResolvedOf<typeof things>, 'id'> {
    readonly more: ResolvedOf<typeof elsewhere>;
}
export interface Other extends Base, Omit<ResolvedOf<typeof things>, Left> {
    readonly more: string;
}
`
  try {
    await writeFile(file, table + made)
    for (const _time of ['once', 'again']) {
      await execute(process.execPath, ['test/release/write-declarations.mjs', folder], root)
      expect(await readFile(file, 'utf8')).toBe(table + written)
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

it('name no JsonWebKey of node:crypto, which the types of Node 26 have no more', () => {
  const files = repositoryFiles().filter((path) => /^(?:src|adapters)\/.*\.tsx?$/.test(path))
  const naming = /import[^;]*?\{[^}]*\bJsonWebKey\b[^}]*\} from 'node:crypto'/
  expect(files.filter((path) => naming.test(textOf(path)))).toEqual([])
})
