/**
 * @module Issues and verifies from the command line, as the examples in Java and PHP do; the settings are the variables
 * that README.md lists. How an application does both is in `app.mjs`.
 */
import { text } from 'node:stream/consumers'
import { memoryStore } from 'citizen-session'
import {
  createKeyRing,
  createSsoIssuer,
  pemKeys,
  remoteKeys,
  SsoTokenError,
  verifySsoToken,
} from 'citizen-session/sso'

function setting(name) {
  const value = process.env[name]
  if (value === undefined || value === '') throw new Error(`set the variable ${name}`)
  return value
}

/** The private key stays the file that openssl has made; one that others can read is refused. */
function keyRing() {
  const key = { kid: setting('SSO_KID'), privateKey: { file: setting('SSO_PRIVATE_KEY') } }
  return createKeyRing({ storage: pemKeys({ keys: [key] }) })
}

async function printKeySet() {
  const { keys } = await keyRing().published()
  console.log(JSON.stringify({ keys }))
}

async function printToken(subject, json = '{}') {
  const claims = JSON.parse(json)
  const issuer = createSsoIssuer({
    keys: keyRing(),
    issuer: setting('SSO_ISSUER'),
    audience: setting('SSO_AUDIENCE'),
    applicationUrl: 'https://benefits.example.gov',
    claims: () => claims,
  })
  // In an application: `req.citizen`, behind `requireCitizen()`.
  console.log(await issuer.issue({ state: 'active', claims: { sub: subject } }))
}

/** Says of each token `taken` with its claims, or `refused` with what is wrong. */
async function verifyLines() {
  const options = {
    keys: remoteKeys(setting('SSO_JWKS_URL')),
    issuer: setting('SSO_ISSUER'),
    audience: setting('SSO_AUDIENCE'),
    // Of this process alone; an application takes `redisStore`, so that no instance takes a token twice.
    store: memoryStore(),
  }
  const input = await text(process.stdin)
  for (const token of input.trimEnd().split(/\r?\n/)) {
    try {
      console.log('taken', JSON.stringify(await verifySsoToken(token, options)))
    } catch (error) {
      if (!(error instanceof SsoTokenError)) throw error
      process.exitCode = 1
      console.log('refused', error.problem)
    }
  }
}

const [what, ...rest] = process.argv.slice(2)
try {
  if (what === 'jwks' && rest.length === 0) await printKeySet()
  else if (what === 'issue' && (rest.length === 1 || rest.length === 2)) await printToken(...rest)
  else if (what === 'verify' && rest.length === 0) await verifyLines()
  else {
    console.error(
      'usage: jwks | issue <subject> [<claims as JSON>] | verify (a token a line on standard input)',
    )
    process.exitCode = 2
  }
} catch (error) {
  console.error(`${what}: ${error.message}`)
  process.exitCode = 1
}
