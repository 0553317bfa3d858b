/** @module The rules between options: each speaks only when the options that it looks at are good by themselves. */
import { domainMatches } from '../host-names.js'
import { quote } from '../printable.js'
import { defaultPolicy, namesOneProvider } from './gate-options.js'
import { headerDomain, type OptionPath, type ReadSuiteOptions } from './read-suite-options.js'
import { isSharedStore } from './store-kind.js'

const namePaths = ['header', 'payload', 'signature'].map(
  (part) => `sharedCookie.names.${part}` as 'sharedCookie.names.header',
)

/** Notes every broken rule. */
export function applyRules(read: ReadSuiteOptions): void {
  checkDomain(read)
  checkHeader(read)
  checkNames(read)
  checkSecrets(read)
  checkTimes(read)
  checkParameters(read)
  checkAcceptedClaims(read)
  checkPaths(read)
  checkGate(read)
}

/** What the proxy has taken away is in no path that the application sees. */
function checkPaths({ get, areGood, note }: ReadSuiteOptions): void {
  const [prefix, path] = [get('application.path'), get('routes.path')]
  if (prefix === undefined || path === undefined || !areGood('application.path', 'routes.path')) return
  if (path === prefix || path.startsWith(`${prefix}/`)) {
    note(
      'routes.path',
      `write it without ${prefix}, which the proxy takes away; where it takes nothing away, leave out application.path`,
    )
  }
}

/** `JWT-05`: without a claim that other kinds of token mark themselves by, something else must tell them apart. */
function checkAcceptedClaims({ get, areGood, note }: ReadSuiteOptions): void {
  const path = 'identityProvider.acceptedClaims'
  if (!areGood(path, 'identityProvider.audience', 'identityProvider.kindClaims')) return
  if ((get(path) ?? []).length === 0) return
  const lacks: string[] = []
  if (get('identityProvider.audience') === undefined) lacks.push('identityProvider.audience')
  if (get('identityProvider.kindClaims')?.length === 0) lacks.push('one of identityProvider.kindClaims')
  if (lacks.length > 0)
    note(path, `set ${lacks.join(' and ')} as well: else access tokens pass for shared cookies`)
}

/** `CK-04`: a cookie that does not match the host of its reader or its setter is never seen. */
function checkDomain({ get, areGood, note }: ReadSuiteOptions): void {
  const domain = get('sharedCookie.domain')
  if (domain === undefined || !areGood('sharedCookie.domain')) return
  const hosts = new Map<OptionPath, string>()
  for (const path of ['application.url', 'identityProvider.url'] as const) {
    const url = get(path)
    if (url !== undefined && areGood(path)) hosts.set(path, new URL(url).hostname)
  }
  if (domain === false) {
    if (hosts.size === 2 && new Set(hosts.values()).size > 1) {
      note(
        'sharedCookie.domain',
        'write the base domain: false is only for an identity provider on our very host',
      )
    }
    return
  }
  const outside = [...hosts].filter(([, host]) => !domainMatches(host, domain)).map(([path]) => path)
  if (outside.length > 0) {
    note(
      'sharedCookie.domain',
      `write a domain that the host of ${outside.join(' and of ')} is or lies below`,
    )
  }
}

/** What the header links to lies on the base domain, as this application does. */
function checkHeader(read: ReadSuiteOptions): void {
  const { get, areGood, isGiven, note } = read
  const url = get('application.url')
  const domain = headerDomain(read)
  if (url === undefined || domain === '') return
  const origin = isGiven('header.domain') ? 'header.domain' : 'sharedCookie.domain'
  if (!areGood('application.url', origin)) return
  if (!domainMatches(new URL(url).hostname, domain)) {
    note('header.domain', 'write a domain that the host of application.url is or lies below')
    return
  }
  const applications = get('header.applications') ?? []
  const outside = applications.find((each) => !domainMatches(new URL(each.url).hostname, domain))
  if (outside === undefined) return
  note(
    'header.applications',
    `write for ${quote(outside.name)} an address on ${domain}; where the applications share another domain, set header.domain`,
  )
}

/** `CK-01`, `CK-02`, `CK-13`: what a browser would silently refuse is refused here. */
function checkNames({ get, areGood, note }: ReadSuiteOptions): void {
  const url = get('application.url')
  const isSecure = url?.startsWith('https://')
  const seen = new Set<string>()
  for (const path of namePaths) {
    const name = get(path)
    if (name === undefined || !areGood(path)) continue
    if (seen.has(name)) note(path, 'write another name: two parts of the token cannot share one cookie')
    seen.add(name)
    if (name.startsWith('__Host-') && get('sharedCookie.domain') !== undefined) {
      if (get('sharedCookie.domain') !== false) {
        note(path, 'write a name without __Host-: browsers refuse that prefix on a cookie with a domain')
        continue
      }
      if (get('sharedCookie.path') !== '/') {
        note(path, 'write a name without __Host-, or set sharedCookie.path to /')
        continue
      }
    }
    if (/^__(Host|Secure)-/.test(name) && isSecure === false) {
      note(path, 'write a name without prefix: application.url is not https, so the cookie cannot be Secure')
    }
  }
  if (get('sharedCookie.sameSite') === 'none' && isSecure === false) {
    note(
      'sharedCookie.sameSite',
      'write lax or strict: browsers refuse none without Secure, which needs https',
    )
  }
}

function checkSecrets({ get, areGood, isGiven, note }: ReadSuiteOptions): void {
  if (isGiven('application.secrets') || !areGood('application.secrets', 'store')) return
  const hasProtocols = (get('protocols') ?? []).length > 0
  if (isSharedStore(get('store')) || hasProtocols) {
    note(
      'application.secrets',
      'is missing: a shared store, or a protocol, needs secrets that every process has; write one of 32 bytes or more, as `openssl rand -base64 32` makes one',
    )
  }
}

/** Every process signs with the same keys, and a `sub` of the tokens is one person's. */
function checkGate({ get, areGood, isGiven, note }: ReadSuiteOptions): void {
  if (!isGiven('routes.gate.secret')) return
  if (!isGiven('routes.gate.keys') && areGood('routes.gate.keys', 'store') && isSharedStore(get('store'))) {
    note(
      'routes.gate.keys',
      'is missing: with a shared store every process signs with the same keys; write a ring, as createKeyRing({ storage: keyFolder(…) }) makes one',
    )
  }
  const providers = (get('protocols') ?? []).length + (get('identityProvider.url') === undefined ? 0 : 1)
  if (providers < 2 || isGiven('routes.gate.subject') || !areGood('routes.gate.policies')) return
  const policies = [...(get('routes.gate.policies') ?? [[defaultPolicy, {}] as const])]
  const open = policies.find(([, policy]) => !namesOneProvider(policy))
  if (open === undefined) return
  note(
    'routes.gate.policies',
    `name one provider in the policy ${open[0]}, or set routes.gate.subject: two providers may know two people by one subject`,
  )
}

function checkTimes({ get, areGood, isGiven, note }: ReadSuiteOptions): void {
  const pairs = [
    ['application.idleSeconds', 'application.absoluteSeconds'],
    ['identityProvider.keys.floorSeconds', 'identityProvider.keys.ceilingSeconds'],
  ] as const
  for (const [shorter, longer] of pairs) {
    // A default gives way to the longer time; only what was written can contradict it.
    if (!isGiven(shorter) || !areGood(shorter, longer)) continue
    const least = get(shorter)
    const most = get(longer)
    if (least !== undefined && most !== undefined && least > most) {
      note(shorter, `write at most ${most}, which is ${longer}`)
    }
  }
}

function checkParameters({ get, areGood, isGiven, note }: ReadSuiteOptions): void {
  const name = get('identityProvider.returnParameter')
  const parameters = get('identityProvider.reauthenticateParameters')
  if (!areGood('identityProvider.returnParameter', 'identityProvider.reauthenticateParameters')) return
  if (name === undefined || parameters === undefined || !Object.hasOwn(parameters, name)) return
  const path = isGiven('identityProvider.reauthenticateParameters')
    ? 'identityProvider.reauthenticateParameters'
    : 'identityProvider.returnParameter'
  note(
    path,
    'write other names: the parameters for a new authentication would replace the address to return to',
  )
}
