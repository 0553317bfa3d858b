import { defineConfig } from 'vitest/config'

/** Tests that need a program carry its kind in their name; `test/programs.mjs` knows the programs. */
const kinds = [
  ...['redis', 'browser', 'firefox', 'webkit', 'nginx', 'xmlsec', 'java', 'php'],
  ...['lasso', 'pysaml2', 'rubysaml'],
  ...['next', 'bun', 'deno', 'workerd'],
]
const filesOf = (kind: string) => [`test/**/*.${kind}.test.ts`, `test/**/*.${kind}.*.test.ts`]
const leftOut = (process.env.CITIZEN_TEST_LEAVE_OUT ?? '').split(',').filter((kind) => kinds.includes(kind))

/** The tests take the RSA keys of the code under test from those of the run. */
const sharedKeys = { globalSetup: 'test/support/key-folder.ts', setupFiles: ['test/support/set-up-file.ts'] }

/** With `CITIZEN_TEST_APPROVED_ONLY=true` the quick tests run where only algorithms are offered that FIPS 140 approves of. */
const isApprovedOnly = process.env.CITIZEN_TEST_APPROVED_ONLY === 'true'
const approvedOnly = isApprovedOnly
  ? [`--import=${new URL('test/fips/approved-only.mjs', import.meta.url).href}`]
  : []

/**
 * Each takes longer than a hundred others: thousands of orders, every change of a message, each feature of another provider,
 * worlds in a seed, a week of rotations, applications in processes of their own. `npm test` goes without them; `npm run test:changed` runs those that a change concerns,
 * `npm run test:all` each of them.
 */
const long = [
  'test/attacks/*interleavings.test.ts',
  'test/attacks/oidc-{addresses,outages}.test.ts',
  'test/cli/doctor-demo.test.ts',
  'test/examples/{demo,small}.test.ts',
  'test/issuing/week.test.ts',
  'test/model/**/*.test.ts',
  'test/oidc/interop/features.test.ts',
  'test/saml/mutations.test.ts',
  'test/simulation/**/*.test.ts',
]

/**
 * With `CITIZEN_TEST_OTHER_NODE=true` the quick and long tests leave out what one version of Node shows for all, at a third of
 * their time: every order of our own steps, every single change of a message, all pairs of providers, each feature of another
 * provider, worlds in a seed, a week of rotations, and what reads the repository itself. The demo walks through itself on each Node in any case, and the doctor has other tests.
 */
const shownOnce =
  process.env.CITIZEN_TEST_OTHER_NODE === 'true'
    ? [
        'test/{api,house}/**',
        'test/attacks/*{interleavings,outages}.test.ts',
        'test/cli/doctor-demo.test.ts',
        'test/docs/snippets.test.ts',
        'test/examples/demo.test.ts',
        'test/issuing/week.test.ts',
        'test/model/**',
        'test/oidc/interop/features.test.ts',
        'test/protocol-sessions/pairs.test.ts',
        'test/saml/mutations.test.ts',
        'test/simulation/**',
        'test/stores/{memory,redis-in-process}.test.ts',
        'test/stores/near/contract.test.ts',
      ]
    : []

/** Of tests that need nothing but this process. */
const withoutPrograms = {
  // Test files of a worker share its modules: half of the time went into loading them anew for each file.
  isolate: false,
  // What a test makes is gone at its end: room for it, so that fewer collections copy it.
  execArgv: ['--max-semi-space-size=64', ...approvedOnly],
  // A limit for what hangs, not for what is slow on a busy machine: a world of a test makes keys, and where others
  // come first a fifth of a second of that took 25.
  testTimeout: 90_000,
  ...sharedKeys,
  sequence: { groupOrder: 0 },
}

export default defineConfig({
  test: {
    globals: false,
    reporters: ['default', './test/slowest.mjs'],
    // By the content of each file: of the quick tests on three versions of Node the first transforms the source.
    experimental: { fsModuleCache: true, fsModuleCachePath: '.cache/transformed' },
    // Every core: left to itself vitest leaves one to the runner, which on a machine of two is half of them.
    maxWorkers: '100%',
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts', 'adapters/**/*.ts'],
      reporter: ['text', 'json-summary'],
    },
    projects: [
      {
        test: {
          name: 'quick',
          include: ['test/**/*.test.ts'],
          exclude: [
            ...kinds.flatMap(filesOf),
            ...['test/package/**', 'test/consumers/**'],
            ...long,
            ...shownOnce,
          ],
          ...withoutPrograms,
        },
      },
      {
        test: { name: 'long', include: long, exclude: shownOnce, ...withoutPrograms },
      },
      {
        test: {
          name: 'real',
          include: kinds.flatMap(filesOf),
          exclude: leftOut.flatMap(filesOf),
          // Servers and a browser share the machine: what fails is tried once more, and fails if it fails again.
          retry: 1,
          testTimeout: 60_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          ...sharedKeys,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          // Run by `npm run test:faults`: each round takes ten to twenty seconds.
          name: 'faults',
          include: ['test/faults/*.faults.ts'],
          testTimeout: 120_000,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: 'package',
          include: ['test/package/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          // Run by `npm run test:consumers`: installs, builds and runs what the pages say. Reaches the npm registry.
          name: 'consumers',
          include: ['test/consumers/*.test.ts'],
          globalSetup: 'test/consumers/pack.ts',
          // A limit for what hangs: installing and building on a busy machine takes minutes.
          testTimeout: 600_000,
          hookTimeout: 600_000,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
})
