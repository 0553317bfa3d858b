/** @module The kinds of option values: how each is read from a variable's text, and how it is checked. */
import { type Checked, checkOrigin, type Surroundings } from './addresses.js'
import { givenWords } from './given.js'

/** One kind of value. */
export interface Kind<T> {
  /** Reads the text of a variable; `undefined` where a variable cannot express the value. */
  readonly fromText: ((text: string) => unknown) | undefined
  /** Its messages never contain the value: it may be a secret, or hold one. */
  readonly check: (value: unknown, surroundings: Surroundings) => Checked<T>
  /** Whether such a value is never a secret, so that a message may repeat it. */
  readonly isPublic?: true
  /** Whether a variable with `_FILE` at its end may name a file that holds the text: keys, secrets, long documents. */
  readonly isInFile?: true
  /** Reads the text of such a file. Default: as that of a variable. */
  readonly fromFile?: (text: string) => unknown
}

/** A kind whose values are never secret. */
export const publicly = <T>(kind: Kind<T>): Kind<T> => ({ ...kind, isPublic: true })

/** A kind whose text may also be in a file that a variable names. */
export const orInFile = <T>(kind: Kind<T>): Kind<T> => ({ ...kind, isInFile: true })

/** Checks a value; what is wrong with it names what was given, where that is never secret. */
export function checkGiven<T>(kind: Kind<T>, value: unknown, surroundings: Surroundings): Checked<T> {
  const checked = kind.check(value, surroundings)
  if (!('problem' in checked) || kind.isPublic !== true) return checked
  return { problem: `${checked.problem}${givenWords(value)}` }
}

const asIs = (text: string): unknown => text

/** What a JSON document says; the text itself where it is none: the check then says what to write. */
export function jsonInText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** A text that `pattern` matches as a whole. */
export function textMatching(pattern: RegExp, hint: string): Kind<string> {
  return {
    fromText: asIs,
    check: (value) =>
      typeof value === 'string' && pattern.test(value) ? { value } : { problem: `write ${hint}` },
  }
}

/** The name of an application, as people read it. */
export const shownName: Kind<string> = publicly(
  textMatching(
    // Something that is seen, and nothing that is not or turns the direction of what follows; but joiners, which some
    // scripts are written with.
    /^(?!\s)(?=.*[\p{L}\p{N}\p{P}\p{S}])(?:[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|[\u200c\u200d]){1,60}(?<!\s)$/u,
    'a name of 1 to 60 characters without control or invisible characters, such as Tax Portal',
  ),
)

/** An address of some form, with an example for the message. */
export function address(
  check: (value: unknown, surroundings: Surroundings, example: string) => Checked<string>,
  example: string,
): Kind<string> {
  return {
    fromText: asIs,
    check: (value, surroundings) => check(value, surroundings, example),
    isPublic: true,
  }
}

/** One of a few words. */
export function choice<const W extends string>(...words: readonly W[]): Kind<W> {
  return {
    fromText: asIs,
    check: (value) => {
      const word = words.find((candidate) => candidate === value)
      return word === undefined ? { problem: `write one of ${words.join(', ')}` } : { value: word }
    },
    isPublic: true,
  }
}

/** A number within bounds, both allowed. Whole unless `fractions` is `true`. */
export function numberBetween(least: number, most: number, fractions = false): Kind<number> {
  const hint = `write a ${fractions ? '' : 'whole '}number from ${least} to ${most}`
  return {
    fromText: (text) => (/^\d+(\.\d+)?$/.test(text) ? Number(text) : text),
    check: (value) => {
      if (typeof value !== 'number' || !Number.isFinite(value)) return { problem: hint }
      if (!fractions && !Number.isInteger(value)) return { problem: hint }
      return value >= least && value <= most ? { value } : { problem: hint }
    },
    isPublic: true,
  }
}

/** `true` or `false`. */
export const yesOrNo: Kind<boolean> = {
  fromText: (text) => (text === 'true' ? true : text === 'false' ? false : text),
  check: (value) => (typeof value === 'boolean' ? { value } : { problem: 'write true or false' }),
  isPublic: true,
}

/** A list; comma-separated in a variable. `check` sees each entry. */
export function listOf(
  entry: (value: unknown, surroundings: Surroundings) => Checked<string>,
  bounds: { readonly least: number; readonly most: number; readonly hint: string; readonly single?: boolean },
): Kind<readonly string[]> {
  return {
    fromText: (text) => text.split(',').map((part) => part.trim()),
    check: (value, surroundings) => {
      const list: unknown = bounds.single === true && typeof value === 'string' ? [value] : value
      if (!Array.isArray(list) || list.length < bounds.least || list.length > bounds.most) {
        return { problem: `write ${bounds.hint}` }
      }
      const values: string[] = []
      for (const item of list as readonly unknown[]) {
        const checked = entry(item, surroundings)
        if ('problem' in checked) return checked
        if (!values.includes(checked.value)) values.push(checked.value)
      }
      return { value: values }
    },
  }
}

/** A list of origins. */
export const origins: Kind<readonly string[]> = publicly(
  listOf((value, surroundings) => checkOrigin(value, surroundings, 'https://permits.example.gov'), {
    least: 0,
    most: 64,
    hint: 'a list of at most 64 origins, such as https://permits.example.gov',
  }),
)

/** Query parameters; a query string in a variable. */
export const queryParameters: Kind<Readonly<Record<string, string>>> = {
  fromText: (text) => Object.fromEntries(new URLSearchParams(text)),
  check: (value) => {
    const problem =
      'write one or more parameters with texts as values, as in { prompt: "login" } or prompt=login'
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return { problem }
    const entries: (readonly [string, unknown])[] = Object.entries(value)
    const texts = entries.filter(
      (entry): entry is readonly [string, string] => entry[0] !== '' && typeof entry[1] === 'string',
    )
    if (texts.length === 0 || texts.length !== entries.length) return { problem }
    return { value: Object.fromEntries(texts) }
  },
}

/** A function; no variable can hold one. The type is the option's own: only that it is a function can be checked. */
export function functionOf<F>(hint: string): Kind<F> {
  return {
    fromText: undefined,
    check: (value) => (typeof value === 'function' ? { value: value as F } : { problem: `write ${hint}` }),
  }
}

/** How long something on the network is waited for, in seconds. */
export const networkSeconds: Kind<number> = numberBetween(0.05, 60, true)

/** One to eight segments of plain characters, none of them a dot or two. */
export const pathBelowOrigin = /^(?!.*\/\.{1,2}(\/|$))(\/[\w.~-]+){1,8}$/
