/**
 * @module `npm run release -- --dry-run`: everything between a commit on main and `npm publish`. Without `--dry-run` it
 * makes the tag at the end. It publishes nothing: that is for CI (CONTRIBUTING.md says how).
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import {
  build,
  cache,
  checkNode,
  installPackages,
  lastLines,
  npm,
  readJson,
  root,
  SetUpError,
} from '../../examples/set-up.mjs'
import { cloneOf, differences, keep, pack, writeBillOfMaterials } from './pack.mjs'
import { findingsFor, git, headCommit } from './ready.mjs'

/** What the command line says. `npm run release --dry-run`, without the `--`, is meant as a dry run too. */
function readArguments() {
  const options = { 'dry-run': { type: 'boolean' }, 'skip-tests': { type: 'boolean' } }
  const { values } = parseArgs({ options })
  const isDryRun = values['dry-run'] === true || process.env.npm_config_dry_run === 'true'
  // The npm that packs must not take it for its own.
  delete process.env.npm_config_dry_run
  const skipsTests = values['skip-tests'] === true
  if (skipsTests && !isDryRun) throw new Error('--skip-tests goes with --dry-run only: a release is tested')
  return { isDryRun, skipsTests }
}

/** Runs one step and prints its result; whatever stops it stops the release. */
async function step(name, work) {
  const startedAt = performance.now()
  const note = await work()
  const seconds = `${((performance.now() - startedAt) / 1000).toFixed(1)} s`
  console.log(`ok     ${name} (${[seconds, note].filter(Boolean).join('; ')})`)
}

async function npmStep(...args) {
  const { code, output } = await npm(args, { log: `release-${args.at(-1)}`, timeoutSeconds: 3600 })
  if (code !== 0) throw new SetUpError(`npm ${args.join(' ')} ended with ${code}:\n${lastLines(output, 60)}`)
}

/** All findings at once, so that nobody mends one only to meet the next. */
async function checkReady(version, isDryRun) {
  const found = await findingsFor(version)
  const isRefused = ({ refuses }) => refuses === 'always' || !isDryRun
  for (const each of found) console.log(`${isRefused(each) ? 'FAILED' : 'warn  '} ${each.problem}`)
  if (found.some(isRefused)) throw new SetUpError('not ready for a release: see above')
}

async function checkSource() {
  await step('build from nothing', async () => {
    rmSync(join(root, 'dist'), { recursive: true, force: true })
    await build(() => {})
  })
  await step('lint', () => npmStep('run', 'lint'))
  await step('types', () => npmStep('run', 'typecheck'))
  await step('npm test', () => npmStep('test'))
}

/** Two packs from two clones, whose paths differ in length and depth, and the bill of materials beside the one. */
async function packTwice(version, commit) {
  const temporary = mkdtempSync(join(tmpdir(), 'citizen-release-'))
  // A pack holds the modes of its files, and a clone gets those from the mask of whoever makes it.
  const mask = process.umask(0o022)
  try {
    const clones = []
    const packs = []
    for (const folder of ['one', join('another', 'folder')]) {
      await step(`pack in ${folder}`, async () => {
        const clone = await cloneOf(join(temporary, folder), commit)
        clones.push(clone)
        packs.push(await pack(clone, join(temporary, folder, 'packed')))
        return `sha256 ${packs.at(-1).sha256.slice(0, 12)}…`
      })
    }
    const [one, other] = packs
    if (one.sha256 !== other.sha256) {
      const details = differences(one.files, other.files, clones).slice(0, 20).join('\n')
      throw new SetUpError(`the packs differ:\n${details || 'in nothing but their order or compression'}`)
    }
    const name = `citizen-session-${version}`
    const tarball = keep(one, `${name}.tgz`, join(cache, 'release'))
    await step('bill of materials', async () => {
      const files = await writeBillOfMaterials(clones[0], join(cache, 'release', name))
      return files.map((file) => relative(root, file)).join(', ')
    })
    return { ...one, file: relative(root, tarball) }
  } finally {
    process.umask(mask)
    rmSync(temporary, { recursive: true, force: true })
  }
}

/** A tag of an earlier run says what the pack was: CI learns here whether it has made the same. */
async function compareWithTag(tag, sha256) {
  const { output } = await git('tag', '--list', '--format=%(contents)', tag)
  const [, tagged] = /^sha256 ([\da-f]{64})$/m.exec(output) ?? []
  if (tagged === undefined || tagged === sha256) return
  throw new SetUpError(`the tag ${tag} tells another pack; make it with the same Node and npm:\n${output}`)
}

async function makeTag(tag, { sha256 }, commit) {
  const { output } = await git('status', '--porcelain')
  if (output !== '' || (await headCommit()) !== commit)
    throw new SetUpError(
      `the tree has changed while this ran; look at git status, then run it again:\n${output}`,
    )
  const { output: npmVersion } = await npm(['--version'])
  const tools = `Made with Node ${process.versions.node} and npm ${npmVersion.trim()}.`
  const made = await git(
    'tag',
    '--annotate',
    tag,
    '--message',
    `citizen-session ${tag.slice(1)}\n\nsha256 ${sha256}\n${tools}`,
    commit,
  )
  if (made.code !== 0) throw new SetUpError(`git tag failed:\n${made.output}`)
}

function printPack({ file, files, size, unpackedSize, sha256 }) {
  const counts = new Map()
  for (const { path } of files) {
    const folder = path.includes('/') ? `${path.split('/')[0]}/` : 'root'
    counts.set(folder, (counts.get(folder) ?? 0) + 1)
  }
  const list = [...counts].map(([folder, count]) => `${folder} ${count}`).join(', ')
  console.log(`\n${file}: ${files.length} files (${list})`)
  console.log(`${megabytes(size)} packed, ${megabytes(unpackedSize)} unpacked`)
  console.log(`sha256 ${sha256}`)
}

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`

function printNext(version, { file }, isDryRun) {
  const distTag = version.includes('-') ? 'next' : 'latest'
  const tag = `v${version}`
  console.log(
    [
      '',
      isDryRun
        ? 'Nothing is tagged and nothing published. A release would go on with:'
        : `${tag} is tagged, nothing is published. Go on with:`,
      ...(isDryRun ? [`  git tag --annotate ${tag}`] : []),
      `  git push origin main ${tag}`,
      'and CI, on that tag, after the same sha256:',
      `  npm publish ${file} --provenance --access public --tag ${distTag}`,
      `which sends this very file as citizen-session@${version}, moves the dist-tag ${distTag} to it, and has it signed which`,
      'repository, commit and workflow it comes from. It needs an id-token: CONTRIBUTING.md, "A release".',
    ].join('\n'),
  )
}

async function main({ isDryRun, skipsTests }) {
  checkNode()
  const { version } = readJson(join(root, 'package.json'))
  const commit = await headCommit()
  console.log(`${isDryRun ? 'dry run of ' : ''}citizen-session ${version}, commit ${commit.slice(0, 9)}`)
  await step('tree, version, changelog, tag, manifest', () => checkReady(version, isDryRun))
  await step('packages as locked', () => installPackages((line) => console.log(`       ${line}`)))
  if (skipsTests) console.log('warn   lint, types and tests are left out')
  else await checkSource()
  const packed = await packTwice(version, commit)
  await compareWithTag(`v${version}`, packed.sha256)
  printPack(packed)
  if (!isDryRun) await makeTag(`v${version}`, packed, commit)
  printNext(version, packed, isDryRun)
}

let given
try {
  given = readArguments()
} catch (error) {
  console.error(`${error.message}\nusage: npm run release -- [--dry-run [--skip-tests]]`)
  process.exit(2)
}
try {
  await main(given)
} catch (error) {
  console.error(`\nFAILED ${error instanceof SetUpError ? error.message : error.stack}`)
  process.exitCode = 1
}
