/** @module The list of commands that a Redis user needs, against what the sources send. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { scriptCommands, sentCommands, usefulCommands } from '../../src/stores/redis/rights.js'

const source = join(import.meta.dirname, '../../src')
const sources = readdirSync(join(source, 'stores/redis'))
  .filter((name) => name.endsWith('.ts') && name !== 'rights.ts')
  .map((name) => `stores/redis/${name}`)
  .concat('issuing/redis-keys.ts')
  .map((path) => readFileSync(join(source, path), 'utf8'))
  .join('\n')
const namesIn = (pattern: RegExp) => [...sources.matchAll(pattern)].map(([, name = '']) => name)

it('HLD-20 the commands that are needed are listed, and no others', () => {
  const inScripts = new Set(namesIn(/redis\.p?call\('([A-Z]+)'/g))
  for (const name of ['INFO', 'PUBLISH']) inScripts.delete(name)
  expect([...inScripts].sort()).toEqual([...scriptCommands])
  const sent = new Set(namesIn(/\['([A-Z]+)',/g).concat(namesIn(/'(EVALSHA|PING)'/g)))
  // Only where an address names a database.
  expect(sent.delete('SELECT')).toBe(true)
  for (const name of ['INFO', 'CONFIG', 'CLUSTER', 'TYPE', 'READONLY', 'NOPERM', 'PUBLISH']) sent.delete(name)
  expect([...sent].sort()).toEqual([...sentCommands])
})

it('HLD-20 the documentation lists them, and says that no channel is needed', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8')
  for (const name of [...sentCommands, ...scriptCommands, ...usefulCommands, 'SELECT'])
    expect(page).toContain(`\`${name}\``)
  expect(page).toContain('No channel of Redis is needed')
})
