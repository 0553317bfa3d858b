/** @module The check of a secret that is a key: long enough, and never repeated. */
import { type Kind, listOf, orInFile } from './option-types.js'

/** Whether a value is a text of 32 bytes or more. */
export const isSecret = (value: unknown): value is string =>
  typeof value === 'string' && new TextEncoder().encode(value).length >= 32

/** A text of 32 bytes or more. */
export const secret: Kind<string> = orInFile<string>({
  fromText: (text) => text,
  check: (value) =>
    isSecret(value)
      ? { value }
      : { problem: 'write 32 bytes or more, as `openssl rand -base64 32` makes them' },
})

/** Several of them, newest first: in a variable separated by commas, in a file one a line as well. */
export const secrets: Kind<readonly string[]> = {
  ...orInFile(
    listOf(
      (value) =>
        isSecret(value)
          ? { value }
          : {
              problem:
                'write secrets of 32 bytes or more each, newest first, as `openssl rand -base64 32` makes one',
            },
      { least: 1, most: 16, hint: 'a list of 1 to 16 secrets of 32 bytes or more each, newest first' },
    ),
  ),
  fromFile: (text) =>
    text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .flatMap((line) => line.split(','))
      .map((part) => part.trim()),
}
