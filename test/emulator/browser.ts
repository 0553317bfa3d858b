/** @module A browser for tests without a port: keeps cookies in a real jar, never follows a redirect by itself. */
import { CookieJar } from 'tough-cookie'
import type { Emulator } from '../../src/emulator/index.js'

/** Makes a browser with an empty jar. */
export function createBrowser(emulator: Emulator) {
  const jar = new CookieJar(undefined, { rejectPublicSuffixes: false })
  const all = () => jar.getCookiesSync(emulator.url)

  async function send(path: string, init: RequestInit) {
    const headers = new Headers(init.headers)
    const cookie = jar.getCookieStringSync(emulator.url)
    if (cookie !== '') headers.set('cookie', cookie)
    const response = await emulator.fetch(path, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) jar.setCookieSync(line, emulator.url)
    return response
  }
  function post(path: string, form: Record<string, string>, headers: Record<string, string> = {}) {
    const own =
      Object.keys(headers).length > 0 ? headers : { 'sec-fetch-site': 'same-origin', origin: emulator.url }
    return send(path, { method: 'POST', body: new URLSearchParams(form), headers: own })
  }
  return {
    get: (path: string, headers: Record<string, string> = {}) => send(path, { headers }),
    post,
    signIn: (username: string, form: Record<string, string> = {}) =>
      post('/login', { username, password: `${username}-password`, ...form }),
    cookie: (name: string) => all().find(({ key }) => key === name)?.value,
    names: () => all().map(({ key }) => key),
    forget(...names: string[]) {
      for (const { key, domain, path } of all()) {
        if (names.includes(key)) jar.store.removeCookie(domain ?? '', path ?? '/', key, () => {})
      }
    },
  }
}
