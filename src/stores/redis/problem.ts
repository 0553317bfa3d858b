/** @module Why a Redis cannot be used, and what to do about it, from what its client says. */
import type { StoreProblem } from '../../errors.js'
import { quote } from '../../printable.js'
import { isOfSelect } from './database.js'
import { SentinelsError } from './sentinels.js'

type Explanation = Omit<StoreProblem, 'code'>

/** The code of an error inside a script: before 7, Redis puts its own text around that of the command. */
const inScript = /: -([A-Z]{2,40})(?= |$)/

/** The code that Redis, TLS or the socket gives an error: never its text, which may repeat keys and values. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  const code: unknown = Reflect.get(error, 'code')
  if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,59}$/.test(code)) return code
  const own = /^[A-Z]{2,40}(?= |$)/.exec(error.message)?.[0]
  return (own === 'ERR' ? inScript.exec(error.message)?.[1] : undefined) ?? own ?? error.name
}

const tlsRemedy = 'write rediss:// where the port has TLS, and redis:// where it has none'

const unreachable: Explanation = {
  reason: 'no way leads to its host from here',
  remedy: 'correct host and port in its address, or open the network between the two',
}

const nameless: Explanation = {
  reason: 'the name of its host is not found',
  remedy: 'correct the host in its address, or see that this machine can resolve the name',
}

const distrusted: Explanation = {
  reason: 'its certificate is not of an authority that this machine trusts',
  remedy: 'name the file of its authority in NODE_EXTRA_CA_CERTS, or give it a certificate that is trusted',
}

const misdated: Explanation = {
  reason: 'its certificate has expired or is not valid yet',
  remedy: 'renew the certificate, and compare the clocks of both machines',
}

const noTls: Explanation = { reason: 'it does not speak TLS', remedy: tlsRemedy }

const wantsCertificate: Explanation = {
  reason: 'it wants a certificate of its clients',
  remedy:
    'set tls-auth-clients no there, or give redisStore() of citizen-session/redis a client that has a certificate',
}

/** The database of its address: where `SELECT` is refused, Redis would go on in database 0, which is another's. */
const misplaced: StoreProblem = {
  code: 'database',
  reason: 'it does not let its user into the database of its address, so that nothing is asked of it',
  remedy:
    'write a database that is there (databases in redis.conf: 0 to 15 unless set; a Cluster has 0 alone), or allow it: ACL SETUSER … +select',
}

/** What node-redis says of a `SELECT` that was refused: nothing in its error but the text tells the command. */
const selectRefused =
  /^(?:ERR (?:DB index is out of range|invalid DB index|SELECT is not allowed)|NOPERM .*(?:'select' command|database))/

const isMisplaced = (error: Error, code: string): boolean =>
  (code === 'ERR' || code === 'NOPERM') && (isOfSelect(error) || selectRefused.test(error.message))

const explanations: Readonly<Record<string, Explanation>> = {
  ECONNREFUSED: {
    reason: 'nothing listens at its host and port',
    remedy: 'start it, or correct host and port in its address',
  },
  ENOTFOUND: nameless,
  EAI_AGAIN: nameless,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  ETIMEDOUT: {
    reason: 'no connection comes about in time',
    remedy: `correct host and port in its address, or let it through the firewall; TLS to a port without it looks the same: ${tlsRemedy}`,
  },
  ECONNRESET: {
    reason: 'it closes the connection at once, as a port with TLS does with a client that has none',
    remedy: `${tlsRemedy}; with rediss:// it may want a certificate of its clients (tls-auth-clients)`,
  },
  DEPTH_ZERO_SELF_SIGNED_CERT: distrusted,
  SELF_SIGNED_CERT_IN_CHAIN: distrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: distrusted,
  UNABLE_TO_GET_ISSUER_CERT: distrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: distrusted,
  CERT_UNTRUSTED: distrusted,
  CERT_HAS_EXPIRED: misdated,
  CERT_NOT_YET_VALID: misdated,
  ERR_TLS_CERT_ALTNAME_INVALID: {
    reason: 'its certificate is for another name',
    remedy: 'write the host of its address as the certificate does',
  },
  ERR_SSL_WRONG_VERSION_NUMBER: noTls,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: noTls,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: wantsCertificate,
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: wantsCertificate,
  NOAUTH: {
    reason: 'it wants a password, and its address has none',
    remedy:
      'write user and password before its host, both percent-encoded: user:password@host, or :password@host',
  },
  WRONGPASS: {
    reason: 'it does not take user and password of its address, or the user is switched off',
    remedy: 'correct both, percent-encoded; ACL LIST shows the users there',
  },
  NOPERM: {
    reason: 'its user may not do what the store needs',
    remedy: 'ACL SETUSER … ~citizen:* with the commands that `npx citizen-session doctor` names',
  },
}

const unknownMaster: StoreProblem = {
  code: 'sentinel-master',
  reason: 'its Sentinels know no master of the name in its address',
  remedy: 'write the name that SENTINEL MASTERS tells there: redis+sentinel://host:port,host:port/name',
}

/** Sentinels have users and passwords of their own. */
const sentinelRights: Readonly<Record<string, string>> = {
  NOAUTH:
    'write ?sentinelPassword=… at the end of the address, and sentinelUser beside it where they have users',
  WRONGPASS: 'correct sentinelPassword and sentinelUser at the end of the address',
  NOPERM: 'let the user of the Sentinels ask: ACL SETUSER … +sentinel +subscribe &+switch-master',
}

/** Nobody says where the master is: why, from what the last of the Sentinels or the way to it said. */
function problemOfSentinels({ masterName, cause }: SentinelsError): StoreProblem {
  const inner = problemOf(cause)
  const who = `no Sentinel of its address tells where the master ${quote(masterName)} is`
  if (inner === undefined) {
    return {
      code: 'sentinel',
      reason: `${who}: none answers in time`,
      remedy: 'start them, or correct their hosts and ports; rediss+sentinel:// is for those with TLS',
    }
  }
  if (inner.code === unknownMaster.code) return { ...inner, reason: `${inner.reason}, ${quote(masterName)}` }
  return {
    code: inner.code,
    reason: `${who}: ${inner.reason}`,
    remedy:
      (Object.hasOwn(sentinelRights, inner.code) ? sentinelRights[inner.code] : undefined) ?? inner.remedy,
  }
}

/** How many errors are looked at: those of clients have others inside. */
const mostErrors = 20

/** The errors inside of an error, by the names that Node, ioredis and node-redis have for them. */
function errorsIn(error: Error): readonly unknown[] {
  return ['cause', 'lastNodeError', 'errors', 'previousErrors'].flatMap((name): unknown =>
    Reflect.get(error, name),
  )
}

/** Why a Redis cannot be used, by the first error that says so, also inside of others; `undefined`: none does. */
export function problemOf(error: unknown): StoreProblem | undefined {
  const errors: unknown[] = [error]
  for (let at = 0; at < errors.length && at < mostErrors; at += 1) {
    const each = errors[at]
    if (!(each instanceof Error)) continue
    if (each instanceof SentinelsError) return problemOfSentinels(each)
    if (each.message.startsWith('ERR No such master')) return unknownMaster
    const code = codeOf(each)
    if (isMisplaced(each, code)) return misplaced
    const explanation = Object.hasOwn(explanations, code) ? explanations[code] : undefined
    if (explanation !== undefined) return { code, ...explanation }
    errors.push(...errorsIn(each))
  }
  return undefined
}
