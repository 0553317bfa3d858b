/**
 * @module What stands in the way of a release, before anything is built: the tree, the version, the changelog, the tag,
 * the manifest. Each finding says what to do.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readJson, root, run, SetUpError } from '../../examples/set-up.mjs'

/**
 * @typedef {object} Finding
 * @property {'always' | 'release'} refuses `release`: a dry run goes on, with a warning
 * @property {string} problem what is so, and what to do
 */

const always = (problem) => ({ refuses: 'always', problem })
const release = (problem) => ({ refuses: 'release', problem })

/**
 * Runs git in the repository. Nothing is asked at a terminal.
 * @param {...string} args
 */
export async function git(...args) {
  const { code, output } = await run('git', args, { env: { GIT_TERMINAL_PROMPT: '0' } })
  return { code, output: output.trimEnd() }
}

/** The commit that is released. */
export async function headCommit() {
  const { code, output } = await git('rev-parse', '--verify', 'HEAD')
  if (code !== 0) throw new SetUpError(`git does not know what HEAD is: ${output}`)
  return output
}

/**
 * Everything that stands in the way of releasing this version.
 * @param {string} version
 * @returns {Promise<readonly Finding[]>}
 */
export async function findingsFor(version) {
  return [
    ...(await treeFindings()),
    ...versionFindings(version),
    ...changelogFindings(readFileSync(join(root, 'CHANGELOG.md'), 'utf8'), version),
    ...(await tagFindings(`v${version}`)),
    ...repositoryFindings(readJson(join(root, 'package.json'))),
  ]
}

/** What is not committed is in no pack: also a dry run would show something else than what lies here. */
async function treeFindings() {
  const { code, output } = await git('status', '--porcelain')
  if (code !== 0) return [always(`git status failed; run this in a clone of the repository:\n${output}`)]
  const branch = (await git('rev-parse', '--abbrev-ref', 'HEAD')).output
  return [
    ...(output === ''
      ? []
      : [always(`the tree is not clean; commit or remove these files first:\n${output}`)]),
    ...(branch === 'main'
      ? []
      : [
          release(
            `this is ${branch === 'HEAD' ? 'no branch' : branch}; a release is made on main: git switch main`,
          ),
        ]),
  ]
}

function versionFindings(version) {
  if (!/^\d+\.\d+\.\d+(?:-[\da-z.-]+)?$/i.test(version))
    return [always(`the version ${version} in package.json is none; write it as 1.2.3 or 1.2.3-rc.1`)]
  const lock = readJson(join(root, 'package-lock.json'))
  const locked = [lock.version, lock.packages[''].version]
  if (locked.every((each) => each === version)) return []
  return [
    always(
      `package.json says ${version}, package-lock.json ${locked.join(' and ')}: run npm install --package-lock-only and commit`,
    ),
  ]
}

/** The section has a date, and a heading that says what breaks, also where it says that nothing does. */
function changelogFindings(text, version) {
  const sections = text.split(/^(?=## )/m)
  const section = sections.find((each) => /^## (\S+)/.exec(each)?.[1] === version)
  if (section === undefined)
    return [
      always(
        `CHANGELOG.md has no section for ${version}: add "## ${version} (unreleased)" with what changes`,
      ),
    ]
  const [heading] = section.split('\n')
  const found = []
  if (/ \(unreleased\)$/.test(heading))
    found.push(
      release(`CHANGELOG.md marks ${version} as unreleased: write the date, "## ${version} (YYYY-MM-DD)"`),
    )
  else if (!/ \(\d{4}-\d{2}-\d{2}\)$/.test(heading))
    found.push(
      always(`CHANGELOG.md must say "## ${version} (YYYY-MM-DD)" or "(unreleased)"; it says "${heading}"`),
    )
  if (!/^### .*\bbreaks?\b/im.test(section))
    found.push(
      always(
        `the section ${version} of CHANGELOG.md does not say what breaks: add "### What breaks", or "Nothing." below it`,
      ),
    )
  return found
}

/** A tag on this very commit lets a dry run pass: that is how CI makes the pack again. */
async function tagFindings(tag) {
  const found = []
  const local = await git('rev-parse', '--quiet', '--verify', `refs/tags/${tag}^{commit}`)
  if (local.code === 0)
    found.push(
      local.output === (await headCommit())
        ? release(`the tag ${tag} is on this commit already: publish it, or raise the version`)
        : always(
            `the tag ${tag} is on another commit (${local.output.slice(0, 9)}): raise the version in package.json`,
          ),
    )
  const remotes = (await git('remote')).output.split('\n')
  if (local.code === 0 || !remotes.includes('origin')) return found
  const { code, output } = await git('ls-remote', '--tags', 'origin', `refs/tags/${tag}`)
  if (code !== 0) found.push(release(`origin does not say whether it has the tag ${tag}: ${output}`))
  else if (output.includes(`refs/tags/${tag}`))
    found.push(
      always(
        `origin has the tag ${tag}: run git fetch --tags, then raise the version or check that commit out`,
      ),
    )
  return found
}

function repositoryFindings({ repository }) {
  const address = typeof repository === 'string' ? repository : repository?.url
  if (typeof address === 'string' && address !== '') return []
  return [
    release(
      'package.json has no "repository": npm publish --provenance compares it with the repository that CI runs in; write its address',
    ),
  ]
}
