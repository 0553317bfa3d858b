/** @module Set-up for a fresh machine: which Node will do, how programs are run, where they are found. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { checkNode, root, run, SetUpError } from '../../examples/set-up.mjs'
import { findProgram, howToGet, type ProgramKind, programs } from '../programs.mjs'

afterEach(() => {
  vi.unstubAllEnvs()
})

describe('checkNode', () => {
  it.each(['18.20.8', '20.18.3', '20.9.0'])('refuses %s and says what to do', (version) => {
    expect(() => checkNode(version)).toThrow(SetUpError)
    expect(() => checkNode(version)).toThrow(/needs Node 20\.19\.0 or newer; here it is/)
  })

  it.each(['20.19.0', '20.20.2', '21.0.0', '22.1.0', '24.0.0', '26.10.0'])('takes %s', (version) => {
    expect(() => checkNode(version)).not.toThrow()
  })
})

describe('run', () => {
  it('hands back the code and all output', async () => {
    const script = "console.log('out'); console.error('err'); process.exitCode = 3"
    const { code, output } = await run(process.execPath, ['-e', script])
    expect(code).toBe(3)
    expect(output.split('\n').sort()).toEqual(['', 'err', 'out'])
  })

  it('tells a program that is not there from one that failed', async () => {
    expect(await run('no-such-program-here', [])).toMatchObject({ code: 127 })
  })

  it('ends what the program has left running with its output open, instead of waiting for it', async () => {
    const script = `require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'],
      { stdio: 'inherit' }).once('spawn', () => process.exit(3))`
    expect(await run(process.execPath, ['-e', script], { timeoutSeconds: 60 })).toEqual({
      code: 3,
      output: '',
    })
  })

  it('ends everything that runs side by side when it is interrupted', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'citizen-session-run-'))
    const child = `const { writeFileSync } = require('node:fs')
      setTimeout(() => {}, 20000)
      process.on('SIGINT', () => { writeFileSync(process.argv[1] + '.ended', ''); process.exit() })
      writeFileSync(process.argv[1], '')`
    const script = `import { existsSync } from 'node:fs'
      import { run } from ${JSON.stringify(pathToFileURL(join(root, 'examples/set-up.mjs')))}
      const files = ['one', 'two', 'three'].map((name) => ${JSON.stringify(folder)} + '/' + name)
      for (const file of files) run(process.execPath, ['-e', ${JSON.stringify(child)}, file])
      setInterval(() => { if (files.every((file) => existsSync(file))) process.kill(process.pid, 'SIGINT') }, 50)`
    try {
      expect(await run(process.execPath, ['--input-type=module', '-e', script])).toMatchObject({ code: 130 })
      await vi.waitFor(
        async () => {
          const ended = (await readdir(folder)).filter((name) => name.endsWith('.ended'))
          expect(ended.sort()).toEqual(['one.ended', 'three.ended', 'two.ended'])
        },
        { timeout: 5_000 },
      )
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  it('ends what takes too long, with what it has started', async () => {
    const inner = `require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' })`
    const { code, output } = await run(process.execPath, ['-e', inner], { timeoutSeconds: 1 })
    expect(code).toBe(124)
    expect(output).toContain('ended after 1 s without a result')
  })
})

describe('findProgram', () => {
  it.each(Object.keys(programs) as ProgramKind[])('takes for %s what the variable names', (kind) => {
    vi.stubEnv(programs[kind].variable, process.execPath)
    expect(findProgram(kind)).toBe(process.execPath)
  })

  it('refuses a variable that names nothing', () => {
    vi.stubEnv('CITIZEN_TEST_REDIS_SERVER', '/nowhere/redis-server')
    expect(() => findProgram('redis')).toThrow(/CITIZEN_TEST_REDIS_SERVER names \/nowhere\/redis-server/)
  })

  it('says how to get what is missing', () => {
    expect(howToGet('nginx')).toBe('apt-get install nginx-light, or set CITIZEN_TEST_NGINX to the executable')
    expect(howToGet('bun')).toBe('install bun, or set CITIZEN_TEST_BUN to the executable')
  })
})
