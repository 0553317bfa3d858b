/** @module `npm run release` in a repository of its own: what it refuses, that a pack can be made again, the tag. */
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { repositoryFiles, root } from '../house/source.js'
import { execute, type Outcome } from './consumer.js'

let folder: string
let start: string

/** The files as they are here, committed on main, with the packages that are installed here. */
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'citizen-release-test-')))
  for (const path of repositoryFiles()) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await cp(join(root, path), join(folder, path))
  }
  await git('init', '--quiet', '--initial-branch', 'main')
  const settings = {
    'user.name': 'Somebody',
    'user.email': 'somebody@citizen.example',
    'commit.gpgSign': 'false',
  }
  for (const [name, value] of Object.entries({ ...settings, 'tag.gpgSign': 'false' }))
    await git('config', name, value)
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
  await writeFile(join(folder, '.git/info/exclude'), 'node_modules\n')
  await commit('all')
  start = (await git('rev-parse', 'HEAD')).trim()
})
afterEach(async () => {
  for (const tag of (await git('tag')).split('\n').filter(Boolean)) await git('tag', '--delete', tag)
  await git('checkout', '--quiet', '--force', '-B', 'main', start)
  await git('clean', '--quiet', '--force', '-d')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function git(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await execute('git', args, folder)
  if (code !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`)
  return stdout
}

async function commit(subject: string): Promise<void> {
  await git('add', '--all')
  await git('commit', '--quiet', '--no-verify', '--message', subject)
}

async function edit(path: string, change: (text: string) => string): Promise<void> {
  const before = await readFile(join(folder, path), 'utf8')
  const after = change(before)
  if (after === before) throw new Error(`${path} is as it was`)
  await writeFile(join(folder, path), after)
}

function editManifest(change: object): Promise<void> {
  return edit('package.json', (text) => JSON.stringify({ ...JSON.parse(text), ...change }, null, 2))
}

function release(...args: readonly string[]): Promise<Outcome> {
  return execute(process.execPath, ['test/release/run.mjs', ...args], folder)
}

const quick = ['--dry-run', '--skip-tests']
const dryRun = (): Promise<Outcome> => release(...quick)

/** A script that does nothing. */
const nothing = 'node --version'

async function version(): Promise<string> {
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')).version
}

/** The tree as it is when a version goes out. What has tests of its own is left out of it: lint, types, `npm test`. */
async function makeReady(others: Readonly<Record<string, string>> = {}): Promise<void> {
  const { scripts } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  await editManifest({
    repository: { type: 'git', url: 'git+https://code.citizen.example/citizen-session.git' },
    scripts: { ...scripts, lint: nothing, typecheck: nothing, test: nothing, ...others },
  })
  const heading = `## ${await version()} (2026-12-01)`
  await edit('CHANGELOG.md', (text) => text.replace(/^## .*$/m, heading))
  await commit('ready')
}

describe('a release is refused, before anything is built,', () => {
  const heading = /^## \S+ \(.*\)$/m
  const cases: readonly (readonly [name: string, prepare: () => Promise<unknown>, said: RegExp])[] = [
    [
      'from a tree that is not clean',
      () => writeFile(join(folder, 'left-over.txt'), ''),
      /FAILED the tree is not clean.*\n\?\? left-over\.txt/,
    ],
    [
      'of a version without a section in the changelog',
      async () => {
        await edit('CHANGELOG.md', (text) => text.replace(heading, '## 9.9.9 (unreleased)'))
        await commit('another section')
      },
      /FAILED CHANGELOG\.md has no section for \d/,
    ],
    [
      'with a section that has no date and no mark',
      async () => {
        await edit('CHANGELOG.md', (text) => text.replace(/^(## \S+) \(.*\)$/m, '$1'))
        await commit('no date')
      },
      /FAILED CHANGELOG\.md must say "## \d\S+ \(YYYY-MM-DD\)" or "\(unreleased\)"/,
    ],
    [
      'with a section that does not say what breaks',
      async () => {
        await edit('CHANGELOG.md', (text) => text.replace(/^### .*breaks.*$/im, '### News'))
        await commit('nothing said')
      },
      /FAILED the section .* does not say what breaks/,
    ],
    [
      'of a version whose tag is on another commit',
      async () => {
        await git('tag', `v${await version()}`)
        await git('commit', '--quiet', '--allow-empty', '--no-verify', '--message', 'later')
      },
      /FAILED the tag v\d\S+ is on another commit \([\da-f]{9}\): raise the version/,
    ],
    [
      'of a version that the lock does not have',
      async () => {
        await editManifest({ version: '0.9.0' })
        await commit('a version')
      },
      /FAILED package\.json says 0\.9\.0, package-lock\.json \d.*: run npm install --package-lock-only/,
    ],
    [
      'of a version that is none',
      () => editManifest({ version: 'next' }),
      /FAILED the version next .* is none/,
    ],
  ]
  it.each(cases)('%s', async (_name, prepare, said) => {
    await prepare()
    const { code, stdout, stderr } = await dryRun()
    expect(stdout).toMatch(said)
    expect(stderr).toContain('not ready for a release')
    expect({ code, tags: await git('tag') }).toMatchObject({ code: 1 })
    expect(stdout).not.toContain('pack in')
  })

  it('where a dry run only warns: another branch, no date, no repository', async () => {
    await edit('CHANGELOG.md', (text) => text.replace(/^(## \S+) \(.*\)$/m, '$1 (unreleased)')).catch(
      () => undefined,
    )
    await writeFile(join(folder, 'left-over.txt'), '')
    await git('checkout', '--quiet', '-b', 'topic')
    const problems = [
      'this is topic',
      'as unreleased: write the date',
      'no "repository": npm publish --provenance',
    ]
    const [dry, real] = [await dryRun(), await release()]
    for (const problem of problems) {
      expect(dry.stdout).toMatch(new RegExp(`^warn   .*${problem}`, 'm'))
      expect(real.stdout).toMatch(new RegExp(`^FAILED .*${problem}`, 'm'))
    }
    expect(real.code).toBe(1)
    await git('checkout', '--quiet', 'main')
    await git('branch', '--quiet', '-D', 'topic')
  })

  it.each([
    [['--skip-tests'], /--skip-tests goes with --dry-run only/],
    [['--dryrun'], /'--dryrun'/],
    [['now'], /'now'/],
  ])('with %j', async (args, said) => {
    const { code, stdout, stderr } = await release(...args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(said)
    expect(stderr).toContain('usage: npm run release')
  })
})

const sumIn = (output: string): string => /^sha256 ([\da-f]{64})$/m.exec(output)?.[1] ?? output

describe('a dry run', () => {
  let open: Outcome
  let closed: Outcome
  let name: string

  /** Twice, under two masks; the second time npm has taken the switch for its own: `npm run release --dry-run`. */
  beforeAll(async () => {
    await makeReady({ prepack: nothing })
    name = `citizen-session-${await version()}`
    open = await under('022', quick)
    closed = await under('077', ['--skip-tests'], { ...process.env, npm_config_dry_run: 'true' })
  })

  function under(mask: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Outcome> {
    const script = `umask ${mask} && exec "$@"`
    return execute('sh', ['-c', script, 'sh', process.execPath, 'test/release/run.mjs', ...args], folder, env)
  }

  it('makes no tag, whoever has taken the switch', async () => {
    for (const outcome of [open, closed]) {
      expect(outcome).toMatchObject({ code: 0, stderr: '' })
      expect(outcome.stdout).toContain('Nothing is tagged and nothing published')
    }
    expect(await git('tag')).toBe('')
  })

  it('makes the same pack under any mask', () => {
    expect(sumIn(open.stdout)).toMatch(/^[\da-f]{64}$/)
    expect(sumIn(closed.stdout)).toBe(sumIn(open.stdout))
  })

  it('writes the sum and what users install, in two formats, beside the pack', async () => {
    const files = await readdir(join(folder, '.cache/release'))
    const ends = ['cyclonedx.json', 'spdx.json', 'tgz', 'tgz.sha256']
    expect(files.sort()).toEqual(ends.map((end) => `${name}.${end}`))
    const read = (end: string): Promise<string> =>
      readFile(join(folder, '.cache/release', `${name}.${end}`), 'utf8')
    const { metadata, components } = JSON.parse(await read('cyclonedx.json'))
    expect(metadata.component).toMatchObject({ name: 'citizen-session', version: await version() })
    const namesOf = (parts: readonly { name: string }[]) => parts.map((part) => part.name)
    expect(namesOf(components)).toEqual(['jose'])
    expect(namesOf(JSON.parse(await read('spdx.json')).packages)).toEqual(['citizen-session', 'jose'])
    expect(await read('tgz.sha256')).toBe(`${sumIn(open.stdout)}  ${name}.tgz\n`)
  })
})

describe('a release', () => {
  it('is packed twice, tagged and not published', { timeout: 240_000 }, async () => {
    await makeReady()
    const tag = `v${await version()}`
    const { code, stdout, stderr } = await release()
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const name of [
      'lint',
      'types',
      'build from nothing',
      'npm test',
      'pack in one',
      'pack in another.folder',
    ])
      expect(stdout).toMatch(new RegExp(`^ok     ${name} \\(`, 'm'))
    expect(await git('cat-file', '-t', tag)).toBe('tag\n')
    expect(await git('rev-parse', `${tag}^{commit}`)).toBe(await git('rev-parse', 'HEAD'))
    expect(await git('tag', '--list', '--format=%(contents)', tag)).toContain(`\nsha256 ${sumIn(stdout)}\n`)
    expect(stdout).toContain(`npm publish .cache/release/citizen-session-${tag.slice(1)}.tgz --provenance`)
    expect(stdout).toMatch(/\.tgz: \d{4} files \(.*dist\/ \d{4}/)

    const again = await release()
    expect(again.code).toBe(1)
    expect(again.stdout).toMatch(/^FAILED the tag v\S+ is on this commit already/m)
  })

  it('stops where the packs differ, and names the files', async () => {
    const where = "require('node:fs').writeFileSync('docs/where.md', process.cwd())"
    await makeReady({ prepack: `node -e "${where}"` })
    const { code, stderr } = await dryRun()
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining('the packs differ:\ndocs/where.md has another content\n'),
    })
  })

  it('is made again on its tag, and stops where the tag tells another pack', async () => {
    await makeReady({ prepack: nothing })
    const tag = `v${await version()}`
    await git('tag', '--annotate', tag, '--message', `sha256 ${'0'.repeat(64)}`)
    const { code, stdout, stderr } = await dryRun()
    expect(stdout).toMatch(/^warn {3}the tag v\S+ is on this commit already/m)
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining(`the tag ${tag} tells another pack`),
    })
  })
})
