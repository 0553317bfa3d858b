/** @module Set-up for a fresh machine: which Node will do, how programs are run, where they are found. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { checkNode, run, SetUpError } from '../../examples/set-up.mjs'
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
