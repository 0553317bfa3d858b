/** @module What docs/operations.md says of near reads, against the code. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { NearLossReason } from '../../../src/events.js'
import { channelOf, silenceKeyOf } from '../../../src/stores/redis/announcing.js'
import { lossOf } from '../../../src/stores/redis/near/judge.js'
import { nearSettings } from '../../../src/stores/redis/near/options.js'

const page = readFileSync(join(import.meta.dirname, '../../../docs/operations.md'), 'utf8')
const section = /### Near reads\n([\s\S]*?)\n### /.exec(page)?.[1] ?? ''

/** By its type the list of all. */
const reasons: Readonly<Record<NearLossReason, true>> = {
  unheard: true,
  connection: true,
  forbidden: true,
  'silent-sibling': true,
  'older-release': true,
  moved: true,
  resharding: true,
  client: true,
}

it('HLD-20 every reason of a loss has its row', () => {
  const rows = [...section.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, reason]) => reason)
  expect(rows.filter((reason) => reason !== 'reason')).toEqual(Object.keys(reasons))
})

it('HLD-20 numbers, keys and rights are those of the code', () => {
  const settings = nearSettings(true)
  expect(section).toContain(`(${settings?.maximumEntries.toLocaleString('en')}; about 1 kB each)`)
  expect(section).toContain(`(${settings?.staleMilliseconds.toLocaleString('en')}; 50 to 60,000)`)
  for (const name of [channelOf('citizen:'), silenceKeyOf('citizen:')])
    expect(section).toContain(`\`${name}\``)
  expect(section).toContain('`ACL SETUSER app +publish +subscribe +info +script|exists &citizen:near`')
})

it.each(Object.keys(reasons))('HLD-20 %s says what is wrong in one line, without a secret', (reason) => {
  const { message } = lossOf(reason === 'forbidden' ? new Error('x') : reason)
  expect(message).toMatch(/^[a-z0-9][^\n]{20,250}$/)
})
