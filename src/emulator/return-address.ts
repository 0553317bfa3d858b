/** @module Where the browser may be sent after sign-in and sign-out. */

/** What decides about a return address. */
export interface ReturnRules {
  /** The emulator's own origin. */
  readonly url: string
  /** Base domain of the applications; `false`: the emulator's own host, on any port. */
  readonly domain: string | false
  /** When given, exactly these origins (and the emulator's own). */
  readonly allowedReturnOrigins: readonly string[] | undefined
}

/**
 * The absolute address to return to, or `undefined` when it is not allowed. Accepts a path of the emulator or an
 * absolute URL. An https emulator never returns to http. Source: ASVS 5.0, 3.7.2; RFC 9700, section 4.11.
 */
export function checkReturnAddress(given: string, rules: ReturnRules): string | undefined {
  // Backslashes, blanks and control characters are read differently by different parsers: none gets in.
  if (given.length > 2048 || !/^[\x21-\x5b\x5d-\x7e]+$/.test(given)) return undefined
  const isPath = /^\/(?!\/)/.test(given)
  if (!isPath && !/^https?:\/\/[^/]/i.test(given)) return undefined
  if (!URL.canParse(given, rules.url)) return undefined
  const target = new URL(given, rules.url)
  if (target.username !== '' || target.password !== '') return undefined
  const own = new URL(rules.url)
  if (target.origin === own.origin) return target.href
  if (rules.allowedReturnOrigins) {
    return rules.allowedReturnOrigins.includes(target.origin) ? target.href : undefined
  }
  if (own.protocol === 'https:' && target.protocol !== 'https:') return undefined
  const isSibling =
    rules.domain === false
      ? target.hostname === own.hostname
      : target.hostname === rules.domain || target.hostname.endsWith(`.${rules.domain}`)
  return isSibling ? target.href : undefined
}

/**
 * Sources for `form-action`: browsers apply it to the redirects after a form, so it has to name the applications.
 * Source: CSP 3, section 6.4.2.
 */
export function formTargets(rules: ReturnRules): string {
  if (rules.allowedReturnOrigins) return ["'self'", ...rules.allowedReturnOrigins].join(' ')
  const own = new URL(rules.url)
  const schemes = own.protocol === 'https:' ? ['https'] : ['http', 'https']
  const hosts = rules.domain === false ? [own.hostname] : [rules.domain, `*.${rules.domain}`]
  return ["'self'", ...schemes.flatMap((scheme) => hosts.map((host) => `${scheme}://${host}:*`))].join(' ')
}
