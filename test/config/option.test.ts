/** @module What follows from one entry of a table of options: types, reading, defaults, variable, and what is said of mistakes. */
import { describe, expect, expectTypeOf, it } from 'vitest'
import {
  computed,
  defaulted,
  type InputOf,
  optional,
  type ResolvedOf,
  required,
} from '../../src/config/option.js'
import { choice, functionOf, listOf, numberBetween, textMatching } from '../../src/config/option-types.js'
import { readOptions } from '../../src/config/read-options.js'

const word = textMatching(/^[a-z]+$/, 'a word')
const table = {
  name: required(word),
  mode: defaulted(choice('slow', 'fast'), 'slow'),
  places: computed<readonly string[], string | readonly string[]>(
    listOf(word.check, { least: 1, most: 2, hint: 'one word or two', single: true }),
  ),
  limits: {
    seconds: defaulted(numberBetween(1, 9), 5),
    decide: optional(functionOf<(name: string) => boolean>('a function')),
  },
} as const
const surroundings = { isProduction: false }
const read = (options: unknown, environment?: Readonly<Record<string, string>>) =>
  readOptions(table, options, { surroundings, ...(environment && { environment }) })

describe('from an entry follows', () => {
  it('what may be written', () => {
    expectTypeOf<InputOf<typeof table>>().branded.toEqualTypeOf<{
      readonly name: string
      readonly mode?: 'slow' | 'fast' | undefined
      readonly places?: string | readonly string[] | undefined
      readonly limits?:
        | {
            readonly seconds?: number | undefined
            readonly decide?: ((name: string) => boolean) | undefined
          }
        | undefined
    }>()
  })

  it('what is resolved', () => {
    expectTypeOf<ResolvedOf<typeof table>>().branded.toEqualTypeOf<{
      readonly name: string
      readonly mode: 'slow' | 'fast'
      readonly places: readonly string[]
      readonly limits: {
        readonly seconds: number
        readonly decide: ((name: string) => boolean) | undefined
      }
    }>()
  })

  it('what is read, with the defaults that depend on nothing', () => {
    const { assemble, get, isGiven, problems } = read({ name: 'a', places: 'b', limits: { seconds: 9 } })
    expect(problems).toEqual([])
    expect(assemble()).toStrictEqual({
      name: 'a',
      mode: 'slow',
      places: ['b'],
      limits: { seconds: 9, decide: undefined },
    })
    expectTypeOf(get('limits.seconds')).toEqualTypeOf<number | undefined>()
    expect([isGiven('limits.seconds'), isGiven('mode')]).toEqual([true, false])
  })

  it('its variable, where there are variables, which the code wins over', () => {
    const environment = { CITIZEN_NAME: 'b', CITIZEN_LIMITS_SECONDS: '3', CITIZEN_PLACES: 'x, y' }
    expect(read({ name: 'a' }, environment).assemble()).toMatchObject({
      name: 'a',
      places: ['x', 'y'],
      limits: { seconds: 3 },
    })
    expect(read({}).problems.map(({ path, variable }) => [path, variable])).toEqual([['name', '']])
    expect(read({}, {}).problems.map(({ path, variable }) => [path, variable])).toEqual([
      ['name', 'CITIZEN_NAME'],
    ])
  })

  it('what is said of a mistake, with its path and everything at once', () => {
    const options = { nam: 'a', mode: 'quick', limits: { seconds: 0, decide: 1 } }
    const { problems, areGood } = readOptions(table, options, { root: 'plug', surroundings })
    expect(problems.map(({ path }) => path)).toEqual([
      'plug.nam',
      'plug.name',
      'plug.mode',
      'plug.limits.seconds',
      'plug.limits.decide',
    ])
    expect([areGood('mode'), areGood('places')]).toEqual([false, true])
  })

  it.each([null, [], 'x'])('one problem for %j in the place of everything, or of a group', (value) => {
    expect(
      readOptions(table, value, { root: 'plug', surroundings }).problems.map(({ path }) => path),
    ).toEqual(['plug'])
    expect(read({ name: 'a', limits: value }).problems).toEqual([
      { path: 'limits', variable: '', message: 'write an object with seconds, decide' },
    ])
  })
})
