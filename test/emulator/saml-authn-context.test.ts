import { expect, it } from 'vitest'
import type { Level } from '../../src/emulator/index.js'
import { satisfyingContext } from '../../src/emulator/saml/authn-context.js'
import { defaultAuthnContexts as classes } from '../../src/emulator/saml/names.js'

const { password, mfa, did } = classes
const plain = 'urn:oasis:names:tc:SAML:2.0:ac:classes:Password'
const unspecified = 'urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified'

it.each<[Level, string, string[], string | undefined]>([
  ['password', 'exact', [], password],
  ['did', 'exact', [], did],
  ['password', 'exact', [password], password],
  ['mfa', 'exact', [password], password],
  ['mfa', 'exact', [mfa, password], mfa],
  ['did', 'exact', [password], undefined],
  ['did', 'exact', [plain], undefined],
  ['password', 'exact', [plain], plain],
  ['did', 'exact', [unspecified], unspecified],
  ['password', 'exact', [mfa], undefined],
  ['mfa', 'exact', ['urn:nobody:knows'], undefined],
  ['mfa', 'minimum', [password], mfa],
  ['password', 'minimum', [mfa], undefined],
  ['did', 'minimum', [mfa], did],
  ['mfa', 'better', [password], mfa],
  ['mfa', 'better', [password, mfa], undefined],
  ['mfa', 'maximum', [password], undefined],
  ['password', 'maximum', [mfa], password],
  ['did', 'minimum', ['urn:nobody:knows'], undefined],
  ['did', 'nonsense', [password], undefined],
])('a session by %s, asked for %s of %j, is %s', (level, comparison, contexts, answer) => {
  expect(satisfyingContext(level, { contexts, comparison }, classes)).toBe(answer)
})
