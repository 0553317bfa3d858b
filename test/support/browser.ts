/** @module A browser without a screen: cookies by a real jar, Fetch Metadata, redirects, forms. */
import { CookieJar } from 'tough-cookie'

/** Answers requests of one origin. */
export type Site = (request: Request) => Promise<Response>

/** Where the browser has come to. */
export interface Visit {
  readonly url: string
  readonly status: number
  readonly headers: Headers
  readonly body: string
  /** Every address on the way, this one last. */
  readonly path: readonly string[]
}

export interface VisitOptions {
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Origin of the page that the request comes from; default: none (address bar). */
  readonly from?: string | undefined
}

/** One browser with its own cookie jar. */
export interface Browser {
  readonly jar: CookieJar
  /** Opens a page, following redirects. */
  open(url: string, options?: VisitOptions): Promise<Visit>
  /** Sends a form as a page of `from` does (default: the page's own origin), following redirects. */
  post(url: string, form?: Readonly<Record<string, string>>, options?: VisitOptions): Promise<Visit>
  /** Presses the button (or link) with this text on a page, with these values typed into its form. */
  press(visit: Visit, button: string | RegExp, typed?: Readonly<Record<string, string>>): Promise<Visit>
  /** A script's request (`fetch`) from a page of the same origin, or of `from`. Redirects are not followed. */
  fetch(url: string, init?: RequestInit & VisitOptions): Promise<Response>
  /** Names of the cookies that would be sent to an address. */
  cookieNames(url: string): Promise<string[]>
  cookieHeader(url: string): Promise<string>
}

/** As Chromium. */
const mostRedirects = 20

/** Makes a browser that reaches these sites, by origin. */
export function createBrowser(sites: ReadonlyMap<string, Site>): Browser {
  const jar = new CookieJar(undefined, { rejectPublicSuffixes: false, prefixSecurity: 'strict' })

  const siteOf = (from: string | undefined, url: URL): string => {
    if (from === undefined) return 'none'
    if (new URL(from).origin === url.origin) return 'same-origin'
    const base = (host: string) => host.split('.').slice(-2).join('.')
    return base(new URL(from).hostname) === base(url.hostname) ? 'same-site' : 'cross-site'
  }

  const send = async (request: Request, isTopLevel: boolean, site: string): Promise<Response> => {
    const url = new URL(request.url)
    const answer = sites.get(url.origin)
    if (answer === undefined) throw new Error(`no site at ${url.origin}`)
    const headers = new Headers(request.headers)
    const context = isTopLevel
      ? site === 'cross-site'
        ? request.method === 'GET'
          ? 'lax'
          : 'none'
        : 'strict'
      : site === 'cross-site'
        ? 'none'
        : 'strict'
    const cookie = await jar.getCookieString(request.url, { sameSiteContext: context })
    if (cookie !== '') headers.set('cookie', cookie)
    const body = request.body === null ? undefined : await request.text()
    const response = await answer(new Request(request.url, { method: request.method, headers, body }))
    for (const line of response.headers.getSetCookie()) {
      // A partitioned cookie is another one, which this jar cannot hold.
      if (/;\s*partitioned/i.test(line)) continue
      await jar.setCookie(line, request.url, { ignoreError: true, sameSiteContext: context })
    }
    return response
  }

  const navigate = async (
    method: 'GET' | 'POST',
    address: string,
    form: Readonly<Record<string, string>> | undefined,
    options: VisitOptions,
  ): Promise<Visit> => {
    const path: string[] = []
    let url = new URL(address)
    let verb: string = method
    let body = form === undefined ? undefined : new URLSearchParams(form).toString()
    let site = siteOf(options.from, url)
    for (let hop = 0; hop <= mostRedirects; hop += 1) {
      path.push(url.href)
      const headers = new Headers({
        accept: 'text/html,application/xhtml+xml',
        'sec-fetch-dest': 'document',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-site': site,
        ...options.headers,
      })
      if (body !== undefined) headers.set('content-type', 'application/x-www-form-urlencoded')
      if (verb === 'POST')
        headers.set('origin', options.from === undefined ? 'null' : new URL(options.from).origin)
      const response = await send(new Request(url, { method: verb, headers, body }), true, site)
      const page = await response.text()
      const isRedirect = response.status >= 300 && response.status <= 399
      const location = isRedirect ? response.headers.get('location') : refreshOf(page)
      if (location === null) {
        return { url: url.href, status: response.status, headers: response.headers, body: page, path }
      }
      const next = new URL(location, url)
      // A redirect chain is as foreign as its most foreign hop.
      const hopSite = siteOf(url.origin, next)
      if (site !== 'none' && site !== 'cross-site' && hopSite !== 'same-origin') site = hopSite
      url = next
      verb = 'GET'
      body = undefined
    }
    throw new Error(`more than ${mostRedirects} redirects: ${path.join(' -> ')}`)
  }

  return {
    jar,
    open: (url, options = {}) => navigate('GET', url, undefined, options),
    post: (url, form = {}, options = {}) =>
      navigate('POST', url, form, { ...options, from: options.from ?? new URL(url).origin }),

    press(visit, button, typed = {}) {
      const forms = [...visit.body.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)]
      for (const [, attributes = '', content = ''] of forms) {
        const label = /<button\b[^>]*>([\s\S]*?)<\/button>/.exec(content)?.[1] ?? ''
        const isMeant =
          typeof button === 'string' ? decodeEntities(label) === button : button.test(decodeEntities(label))
        if (!isMeant) continue
        const action = new URL(decodeEntities(/action="([^"]*)"/.exec(attributes)?.[1] ?? ''), visit.url)
        const fields: Record<string, string> = {}
        for (const [input] of content.matchAll(/<input\b[^>]*>/g)) {
          const name = /name="([^"]*)"/.exec(input)?.[1]
          if (name !== undefined) fields[name] = decodeEntities(/value="([^"]*)"/.exec(input)?.[1] ?? '')
        }
        Object.assign(fields, typed)
        if (/method="post"/i.test(attributes))
          return navigate('POST', action.href, fields, { from: visit.url })
        action.search = new URLSearchParams(fields).toString()
        return navigate('GET', action.href, undefined, { from: visit.url })
      }
      const links = [...visit.body.matchAll(/<a\b[^>]*href="([^"]*)"[^>]*>([\s\S]*?)<\/a>/g)]
      const link = links.find(([, , label = '']) =>
        typeof button === 'string' ? decodeEntities(label) === button : button.test(decodeEntities(label)),
      )
      if (link === undefined) throw new Error(`no button ${button} on ${visit.url}:\n${visit.body}`)
      return navigate('GET', new URL(decodeEntities(link[1] ?? ''), visit.url).href, undefined, {
        from: visit.url,
      })
    },

    async fetch(address, init = {}) {
      const url = new URL(address)
      const from = init.from ?? url.origin
      const headers = new Headers(init.headers)
      if (!headers.has('accept')) headers.set('accept', 'application/json')
      headers.set('sec-fetch-dest', headers.get('sec-fetch-dest') ?? 'empty')
      headers.set('sec-fetch-mode', headers.get('sec-fetch-mode') ?? 'cors')
      const site = siteOf(from, url)
      headers.set('sec-fetch-site', site)
      if ((init.method ?? 'GET') !== 'GET') headers.set('origin', new URL(from).origin)
      return send(new Request(url, { ...init, headers }), false, site)
    },

    async cookieNames(url) {
      return (await jar.getCookies(url)).map((cookie) => cookie.key).sort()
    },
    cookieHeader: (url) => jar.getCookieString(url),
  }
}

/** Where a page goes on to by itself. */
export function refreshOf(page: string): string | null {
  const address = /<meta http-equiv="refresh" content="0;url=([^"]+)">/.exec(page)?.[1]
  return address === undefined ? null : decodeEntities(address)
}

function decodeEntities(text: string): string {
  return text
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&amp;/g, '&')
    .trim()
}
