/** @module The check of a secret that is a key: long enough, and never repeated. */
import type { Kind } from './option-types.js'

/** Whether a value is a text of 32 bytes or more. */
export const isSecret = (value: unknown): value is string =>
  typeof value === 'string' && new TextEncoder().encode(value).length >= 32

/** A text of 32 bytes or more. */
export const secret: Kind<string> = {
  fromText: (text) => text,
  check: (value) =>
    isSecret(value)
      ? { value }
      : { problem: 'write 32 bytes or more, as `openssl rand -base64 32` makes them' },
}
