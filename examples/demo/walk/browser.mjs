/** @module A browser without a screen for the walk: real HTTP, a cookie jar, Fetch Metadata, redirects and forms. */
import { request } from 'node:http'
import { CookieJar } from 'tough-cookie'

const mostRedirects = 20

/** Node does not find `*.localhost`; browsers do. */
const lookup = (_hostname, options, callback) =>
  options.all ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4)

/** One request over HTTP, as it is. */
export function send(address, { method = 'GET', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const sent = request(address, { method, headers, lookup, agent: false }, (response) => {
      const chunks = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({
          url: String(address),
          status: response.statusCode,
          headers: response.headers,
          setCookies: response.headers['set-cookie'] ?? [],
          body: Buffer.concat(chunks).toString(),
        }),
      )
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** How foreign a request is to the page that it comes from. */
function siteOf(from, to) {
  if (from === undefined) return 'none'
  if (from.origin === to.origin) return 'same-origin'
  const site = ({ hostname }) => hostname.split('.').slice(-2).join('.')
  return site(from) === site(to) ? 'same-site' : 'cross-site'
}

/** Makes a browser with an empty jar. */
export function createBrowser() {
  const jar = new CookieJar()
  let longestWay = 0

  async function exchange(url, { method, headers, body, site, isNavigation }) {
    const sameSiteContext = site !== 'cross-site' ? 'strict' : isNavigation ? 'lax' : 'none'
    const cookie = await jar.getCookieString(url.href, { sameSiteContext })
    const answer = await send(url, {
      method,
      body,
      headers: { ...headers, 'sec-fetch-site': site, ...(cookie === '' ? {} : { cookie }) },
    })
    for (const line of answer.setCookies) await jar.setCookie(line, url.href, { sameSiteContext })
    return answer
  }

  /** Goes to an address as a tab does, along every redirect, and every page that goes on by itself. */
  async function navigate(address, { method = 'GET', form, from } = {}) {
    let url = new URL(address)
    let next = { method, body: form && new URLSearchParams(form).toString() }
    let site = siteOf(from && new URL(from), url)
    const way = []
    const setCookies = []
    for (;;) {
      const headers = {
        accept: 'text/html,application/xhtml+xml',
        'sec-fetch-dest': 'document',
        'sec-fetch-mode': 'navigate',
        ...(next.method === 'POST' && { origin: new URL(from ?? url).origin }),
        ...(next.body !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
      }
      const answer = await exchange(url, { ...next, headers, site, isNavigation: true })
      way.push(url)
      setCookies.push(...answer.setCookies)
      const isRedirect = answer.status >= 300 && answer.status <= 399
      const location = isRedirect ? answer.headers.location : refreshOf(answer.body)
      if (location === undefined) {
        longestWay = Math.max(longestWay, way.length - 1)
        return { ...answer, setCookies, way }
      }
      if (way.length > mostRedirects) throw new Error(`more than ${mostRedirects} redirects`)
      const target = new URL(location, url)
      // A way is as foreign as its most foreign part.
      const hop = siteOf(url, target)
      if (site !== 'none' && site !== 'cross-site' && hop !== 'same-origin') site = hop
      url = target
      next = { method: 'GET' }
    }
  }

  return {
    jar,
    /** Redirects in the longest way so far. */
    get longestWay() {
      return longestWay
    },
    /** `from`: the page whose script or frame goes there; without it the person types the address. */
    open: (address, { from } = {}) => navigate(address, { from }),
    /** Posts a form as a page of `from` does. */
    post: (address, { form = {}, from = address } = {}) => navigate(address, { method: 'POST', form, from }),

    /** Presses the button with this text, with these values typed into its form. */
    press(page, label, typed = {}) {
      for (const [, attributes, content] of page.body.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)) {
        const buttons = [...content.matchAll(/<button\b[^>]*>([\s\S]*?)<\/button>/g)]
        if (!buttons.some(([, text]) => text.trim() === label)) continue
        const fields = [...content.matchAll(/<input\b[^>]*>/g)].map(([input]) => [
          attribute(input, 'name'),
          attribute(input, 'value') ?? '',
        ])
        const form = { ...Object.fromEntries(fields.filter(([name]) => name !== undefined)), ...typed }
        const action = new URL(attribute(attributes, 'action') ?? '', page.url)
        if (attribute(attributes, 'method') === 'post')
          return navigate(action, { method: 'POST', form, from: page.url })
        action.search = new URLSearchParams(form)
        return navigate(action, { from: page.url })
      }
      throw new Error(`there is no button "${label}" at ${new URL(page.url).pathname}`)
    },

    /** Follows pages that send their form by themselves where scripts run. */
    async sendOn(page) {
      if (!page.body.includes('document.forms[0].submit()')) return page
      const next = await this.press(page, 'Continue')
      return await this.sendOn({ ...next, way: [...page.way, ...next.way] })
    },

    /** What a script of a page gets from its own origin. */
    async fetchJson(address) {
      const headers = { accept: 'application/json', 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors' }
      const answer = await exchange(new URL(address), { headers, site: 'same-origin', isNavigation: false })
      return { ...answer, json: JSON.parse(answer.body) }
    },

    /** Names of the cookies that this browser keeps for these sites, under whichever path. */
    async cookieNames(...addresses) {
      const kept = addresses.map((address) => jar.getCookies(address, { allPaths: true }))
      return [...new Set((await Promise.all(kept)).flat().map(({ key }) => key))]
    },
    cookieHeader: (address) => jar.getCookieString(String(address)),
  }
}

/** Where a page goes on to by itself. */
function refreshOf(page) {
  const [tag = ''] = /<meta http-equiv="refresh"[^>]*>/.exec(page) ?? []
  return attribute(tag, 'content')?.replace(/^0;url=/, '')
}

function attribute(tag, name) {
  const value = new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1]
  return value
    ?.replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&amp;/g, '&')
}
