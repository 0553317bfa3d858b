/** @module Codes of an authenticator app (TOTP), and the QR code that enrols one. */
import type { TOTP } from 'otpauth'
import { CitizenSessionError } from '../errors.js'
import { isMissingPackage } from '../optional-package.js'
import type { Person } from './people.js'

/** @throws `emulator` where a package is not installed; another failure of its import as it is. */
function needs(purpose: string, name: string, cause: unknown): never {
  if (!isMissingPackage(cause)) throw cause
  throw new CitizenSessionError('emulator', `${purpose} needs the package "${name}": npm install ${name}`, {
    cause,
  })
}

async function otpauth() {
  try {
    return await import(/* turbopackOptional: true */ 'otpauth')
  } catch (cause) {
    return needs('TOTP', 'otpauth', cause)
  }
}

async function uqr() {
  try {
    return await import(/* turbopackOptional: true */ 'uqr')
  } catch (cause) {
    return needs('the QR code', 'uqr', cause)
  }
}

/** SHA-1, six digits, 30 s: what every authenticator app reads. Source: RFC 6238, section 4. */
async function generator(username: string, secret: string): Promise<TOTP> {
  const { Secret, TOTP } = await otpauth()
  return new TOTP({
    issuer: 'CitizenOne emulator',
    label: username,
    algorithm: 'SHA1',
    digits: 6,
    period: 30,
    secret: Secret.fromBase32(secret),
  })
}

/** The code that an authenticator with this secret shows at this time. @throws `emulator` without `otpauth`. */
export async function totpCode(secret: string, now: number): Promise<string> {
  return (await generator('', secret)).generate({ timestamp: now })
}

/** A new secret of 160 bits, in base32. @throws `emulator` without `otpauth`. */
export async function newTotpSecret(): Promise<string> {
  const { Secret } = await otpauth()
  return new Secret({ size: 20 }).base32
}

/**
 * Whether the code is right for this secret, one step early or late, and newer than the last one that was used,
 * which it then becomes. Source: RFC 6238, section 5.2.
 */
export async function spendTotpCode(
  person: Person,
  secret: string,
  { code, now }: { readonly code: string; readonly now: number },
): Promise<boolean> {
  if (!/^[0-9]{6}$/.test(code)) return false
  const totp = await generator(person.username, secret)
  const delta = totp.validate({ token: code, timestamp: now, window: 1 })
  if (delta === null) return false
  const step = Math.floor(now / 30_000) + delta
  if (step <= person.lastTotpStep) return false
  person.lastTotpStep = step
  return true
}

/** The enrolment of a secret: its `otpauth:` address, and the same as a QR code (SVG). */
export async function totpEnrolment(username: string, secret: string): Promise<{ uri: string; svg: string }> {
  const uri = (await generator(username, secret)).toString()
  const { renderSVG } = await uqr()
  return { uri, svg: renderSVG(uri, { border: 2, pixelSize: 5 }) }
}
