/**
 * @module The programs that tests run for real: where they are, and how they come onto a Debian machine.
 * Plain JavaScript that imports nothing but Node, because it runs before anything is installed.
 */
import { accessSync, chmodSync, constants, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, delimiter, join } from 'node:path'
import { cache, lastLines, npm as npmCommand, run, SetUpError } from '../examples/set-up.mjs'

/**
 * Kind of test (`*.redis.test.ts`, `*.browser.test.ts`, `*.nginx.test.ts`, …) to the program it needs, from Debian's
 * packages or from an npm package for this platform. `variable` names an executable that is taken before any on the
 * path; `targets` are looked for in unpacked packages. What has none finds its parts only where it was installed.
 */
export const programs = {
  redis: {
    variable: 'CITIZEN_TEST_REDIS_SERVER',
    names: ['redis-server', 'valkey-server'],
    debian: 'redis-server',
    targets: ['usr/bin/redis-server', 'usr/bin/redis-check-rdb'],
  },
  browser: {
    variable: 'CITIZEN_TEST_CHROMIUM',
    names: ['chromium', 'chromium-browser', 'google-chrome'],
    debian: 'chromium',
    targets: ['usr/lib/chromium/chromium'],
  },
  firefox: {
    variable: 'CITIZEN_TEST_FIREFOX',
    names: ['firefox-esr', 'firefox'],
    debian: 'firefox-esr',
    targets: ['usr/lib/firefox-esr/firefox-esr'],
  },
  // No test has its name: WebKit needs a screen, if only one that nobody sees.
  display: {
    variable: 'CITIZEN_TEST_XVFB',
    names: ['Xvfb'],
    debian: 'xvfb',
  },
  webkit: {
    variable: 'CITIZEN_TEST_WEBKIT_DRIVER',
    names: ['WebKitWebDriver'],
    debian: 'webkit2gtk-driver',
  },
  nginx: {
    variable: 'CITIZEN_TEST_NGINX',
    names: ['nginx'],
    debian: 'nginx-light',
    targets: ['usr/sbin/nginx'],
  },
  xmlsec: {
    variable: 'CITIZEN_TEST_XMLSEC1',
    names: ['xmlsec1'],
    debian: 'xmlsec1',
    targets: ['usr/bin/xmlsec1'],
  },
  // No test has their names: `npm run model` needs both.
  spin: {
    variable: 'CITIZEN_TEST_SPIN',
    names: ['spin'],
    debian: 'spin',
    targets: ['usr/bin/spin'],
  },
  compiler: {
    variable: 'CITIZEN_TEST_CC',
    names: ['gcc', 'cc'],
    debian: 'gcc',
    // What it compiles includes the library's headers.
    besides: ['libc6-dev'],
  },
  // The compiler; what runs its classes lies beside it, where its own links lead.
  java: {
    variable: 'CITIZEN_TEST_JAVAC',
    names: ['javac'],
    debian: 'default-jdk-headless',
  },
  php: {
    variable: 'CITIZEN_TEST_PHP',
    names: ['php'],
    debian: 'php-cli',
    targets: ['usr/bin/php8.2', 'usr/bin/php8.4'],
  },
  // Libraries that speak SAML, each by the interpreter that Debian's package is for: another one does not find it.
  lasso: {
    variable: 'CITIZEN_TEST_LASSO',
    names: ['python3'],
    debian: 'python3-lasso',
    isLibrary: true,
  },
  pysaml2: {
    variable: 'CITIZEN_TEST_PYSAML2',
    names: ['python3'],
    debian: 'python3-pysaml2',
    isLibrary: true,
  },
  rubysaml: {
    variable: 'CITIZEN_TEST_RUBY_SAML',
    names: ['ruby'],
    debian: 'ruby-saml',
    isLibrary: true,
  },
  bun: {
    variable: 'CITIZEN_TEST_BUN',
    names: ['bun'],
    npm: { version: '1.4.5', 'linux-x64': '@oven/bun-linux-x64', 'linux-arm64': '@oven/bun-linux-aarch64' },
    targets: ['bin/bun'],
  },
  deno: {
    variable: 'CITIZEN_TEST_DENO',
    names: ['deno'],
    npm: { version: '2.9.6', 'linux-x64': '@deno/linux-x64-glibc', 'linux-arm64': '@deno/linux-arm64-glibc' },
    targets: ['deno'],
  },
  workerd: {
    variable: 'CITIZEN_TEST_WORKERD',
    names: ['workerd'],
    npm: {
      version: '1.20261117.1',
      'linux-x64': '@cloudflare/workerd-linux-64',
      'linux-arm64': '@cloudflare/workerd-linux-arm64',
    },
    targets: ['bin/workerd'],
  },
}

const unpacked = join(cache, 'debian')
const wrappers = join(cache, 'bin')

/**
 * The executable for a kind of test: by its variable, on the path (and in the sbin folders), or unpacked earlier.
 * @param {keyof typeof programs} kind
 * @returns {string | undefined}
 * @throws {SetUpError} where the variable names something that cannot be executed.
 */
export function findProgram(kind) {
  const { variable, names, debian, isLibrary } = programs[kind]
  const named = process.env[variable]
  if (named !== undefined && named !== '') {
    if (!isExecutable(named)) throw new SetUpError(`${variable} names ${named}, which cannot be executed`)
    return named
  }
  if (isLibrary) {
    return existsSync(`/var/lib/dpkg/info/${debian}.list`)
      ? names.map((name) => join('/usr/bin', name)).find(isExecutable)
      : undefined
  }
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', wrappers]
  const installed = installedBy(kind)
  if (installed !== undefined && isExecutable(installed)) return installed
  return folders
    .filter((folder) => folder !== '')
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find(isExecutable)
}

/**
 * Like {@link findProgram}, and gets it from Debian's packages where it is missing: installed as root,
 * else unpacked into `.cache/debian` without touching the machine.
 * @param {keyof typeof programs} kind
 * @param {(line: string) => void} say
 * @returns {Promise<string | undefined>} `undefined` where it cannot be had here.
 */
export async function obtainProgram(kind, say) {
  const found = findProgram(kind)
  if (found !== undefined) return found
  const { debian, besides = [], npm, targets } = programs[kind]
  if (npm !== undefined) return await installFromNpm(kind, say)
  const isRoot = process.getuid?.() === 0
  if (!existsSync('/usr/bin/apt-get') || (targets === undefined && !isRoot)) return undefined
  say(`${isRoot ? 'installing' : 'unpacking into .cache/debian:'} ${debian} (Debian package)`)
  const failure = isRoot ? await install(debian, ...besides) : await unpack(kind)
  if (failure !== undefined) say(failure)
  return findProgram(kind)
}

/** @param {keyof typeof programs} kind */
export function howToGet(kind) {
  const { debian, variable, names } = programs[kind]
  const how = debian === undefined ? `install ${names[0]}` : `apt-get install ${debian}`
  return `${how}, or set ${variable} to the executable`
}

/** The npm package that holds a program for this platform; `undefined` where there is none. */
function packageOf(kind) {
  return programs[kind].npm?.[`${process.platform}-${process.arch}`]
}

function installedBy(kind) {
  const name = packageOf(kind)
  return name === undefined ? undefined : join(cache, kind, 'node_modules', name, programs[kind].targets[0])
}

async function installFromNpm(kind, say) {
  const name = packageOf(kind)
  if (name === undefined) return undefined
  say(`installing into .cache/${kind}: ${name} (npm package)`)
  const args = [
    'install',
    '--prefix',
    join(cache, kind),
    '--no-save',
    '--no-package-lock',
    '--ignore-scripts',
  ]
  const { code, output } = await npmCommand([...args, `${name}@${programs[kind].npm.version}`], { log: kind })
  if (code !== 0) say(lastLines(output, 8))
  return findProgram(kind)
}

async function install(name, ...besides) {
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  const update = await run('apt-get', ['update'], { log: 'apt-update', env })
  const arguments_ = ['install', '-y', '--no-install-recommends', name, ...besides]
  const { code, output } = await run('apt-get', arguments_, { log: `apt-${name}`, env })
  return code === 0 ? undefined : lastLines(`${update.output}\n${output}`, 8)
}

/** Without root: own package lists, the packages that are missing here, each unpacked; then a wrapper. */
async function unpack(kind) {
  const { debian, names, targets } = programs[kind]
  const lists = join(cache, 'apt', 'lists')
  const archives = join(cache, 'apt', 'archives')
  for (const folder of [join(lists, 'partial'), join(archives, 'partial'), unpacked, wrappers]) {
    mkdirSync(folder, { recursive: true })
  }
  const own = [
    '-o',
    `Dir::State::lists=${lists}`,
    '-o',
    `Dir::Cache=${join(cache, 'apt')}`,
    '-o',
    'Debug::NoLocking=1',
  ]
  const update = await run('apt-get', [...own, 'update'], { log: 'apt-update' })
  if (update.code !== 0) return lastLines(update.output, 8)
  const plan = await run('apt-get', [...own, '-s', '--no-install-recommends', 'install', debian])
  if (plan.code !== 0) return lastLines(plan.output, 8)
  const missing = [...plan.output.matchAll(/^Inst (\S+)/gm)].map((match) => match[1])
  const download = await run('apt-get', [...own, 'download', ...missing], {
    log: `apt-${debian}`,
    cwd: archives,
  })
  if (download.code !== 0) return lastLines(download.output, 8)
  for (const file of readdirSync(archives).filter((name) => name.endsWith('.deb'))) {
    const { code, output } = await run('dpkg-deb', ['-x', join(archives, file), unpacked])
    if (code !== 0) return lastLines(output, 8)
  }
  const target = targets.map((path) => join(unpacked, path)).find(isExecutable)
  if (target === undefined) return `${debian} holds no ${targets.join(' or ')}`
  const wrapper = join(wrappers, names[0])
  writeFileSync(wrapper, wrapperOf(target, names[0]))
  chmodSync(wrapper, 0o755)
  return undefined
}

/** `exec`, so that the process keeps its id; the name decides what a Redis binary does. */
function wrapperOf(target, name) {
  const libraries = ['usr/lib', 'lib'].flatMap((folder) => {
    const path = join(unpacked, folder)
    if (!existsSync(path)) return []
    const triplets = readdirSync(path).filter(
      (entry) => entry.endsWith('-linux-gnu') || entry.includes('-linux-gnueabi'),
    )
    return triplets.map((entry) => join(path, entry))
  })
  const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`
  return [
    '#!/bin/bash',
    `export LD_LIBRARY_PATH=${quote(libraries.join(':'))}\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}`,
    basename(target) === name || basename(target) === 'chromium'
      ? `exec ${quote(target)} "$@"`
      : `exec -a ${name} ${quote(target)} "$@"`,
    '',
  ].join('\n')
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
