/** @module A web request as an exchange, and our cookies on a web response. */
import { describe, expect, it } from 'vitest'
import { WebExchange, withCookies } from '../../adapters/web.js'
import type { SetCookie } from '../../src/index.js'

const cookie: SetCookie = { name: 'a', value: '1', httpOnly: true, secure: true, sameSite: 'lax' }
const line = 'a=1; Path=/; HttpOnly; Secure; SameSite=Lax'

function post(body: string | null, headers: Record<string, string> = {}): WebExchange {
  return new WebExchange(new Request('https://a.example/x', { method: 'POST', body, headers }))
}

const form = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }

describe('a web request as an exchange', () => {
  it.each([
    ['https://a.example/b/c?d=e', '/b/c?d=e'],
    ['https://a.example/b?c=https://d.example/#f', '/b?c=https://d.example/'],
    ['https://a.example', '/'],
    ['https://a.example?b=c', '/?b=c'],
    ['https://a.example/#b', '/'],
    ['http://[::1]:80/a//b', '/a//b'],
  ])('takes the target of %s', (url, target) => {
    const { method, headers, body, bodyUsed } = new Request('https://a.example/')
    expect(new WebExchange({ method, headers, body, bodyUsed, url }).target).toBe(target)
  })

  it('has method, headers and address', () => {
    const request = new Request('https://a.example/', { method: 'HEAD', headers: { Accept: 'text/html' } })
    const exchange = new WebExchange(request, '192.0.2.1')
    expect([exchange.method, exchange.header('accept'), exchange.header('cookie')]).toEqual([
      'HEAD',
      'text/html',
      undefined,
    ])
    expect(exchange.remoteAddress).toBe('192.0.2.1')
  })

  it('reads a body up to the limit', async () => {
    expect(await post('abcd').body(4)).toEqual(new TextEncoder().encode('abcd'))
    expect(await post(null).body(4)).toEqual(new Uint8Array())
  })

  it('refuses a larger one, by what it says and by what it is', async () => {
    await expect(post('abcde').body(4)).rejects.toMatchObject({ code: 'body-too-large', status: 413 })
    await expect(post('', { 'content-length': '5' }).body(4)).rejects.toMatchObject({
      code: 'body-too-large',
    })
    let pulled = 0
    const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: (controller) => {
        pulled += 1
        controller.enqueue(new Uint8Array(1000))
      },
    })
    const request = { method: 'POST', url: 'https://a.example/', headers: new Headers(), bodyUsed: false }
    await expect(new WebExchange({ ...request, body: endless }).body(4000)).rejects.toMatchObject({
      code: 'body-too-large',
    })
    expect(pulled).toBeLessThan(10)
  })

  it('says when a body breaks off, or was read before', async () => {
    const broken = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => controller.error(new Error('x')),
    })
    const request = { method: 'POST', url: 'https://a.example/', headers: new Headers(), bodyUsed: false }
    await expect(new WebExchange({ ...request, body: broken }).body(4)).rejects.toMatchObject({
      code: 'body-malformed',
    })
    const read = new Request('https://a.example/', { method: 'POST', body: 'a=1', headers: form })
    await read.text()
    await expect(new WebExchange(read).form(100)).rejects.toMatchObject({ code: 'body-malformed' })
  })

  it('reads a form, and only a plain one', async () => {
    expect([...(await post('a=1&a=2&b=%C3%A9', form).form(100))]).toEqual([
      ['a', '1'],
      ['a', '2'],
      ['b', 'é'],
    ])
    expect([...(await post(null).form(100))]).toEqual([])
    const foreign: [string, Record<string, string>][] = [
      ['{}', { 'content-type': 'application/json' }],
      ['a=1', { ...form, 'content-encoding': 'gzip' }],
    ]
    for (const [body, headers] of foreign) {
      await expect(post(body, headers).form(100)).rejects.toMatchObject({
        code: 'body-malformed',
        status: 415,
      })
    }
  })
})

describe('our cookies on a response', () => {
  it('stand beside those of the application, private and not stored', async () => {
    const theirs = new Response('body', {
      status: 203,
      statusText: 'so',
      headers: [
        ['set-cookie', 'x=1, 2; Path=/'],
        ['set-cookie', 'y=2'],
        ['cache-control', 'public, max-age=60'],
        ['cdn-cache-control', 'max-age=60'],
        ['surrogate-control', 'max-age=60'],
        ['vary', 'accept'],
      ],
    })
    const ours = withCookies(theirs, [cookie])
    expect(ours.headers.getSetCookie()).toEqual(['x=1, 2; Path=/', 'y=2', line])
    expect([ours.status, ours.statusText, await ours.text()]).toEqual([203, 'so', 'body'])
    expect(ours.headers.get('cache-control')).toBe('private, no-store')
    expect(ours.headers.get('cdn-cache-control')).toBeNull()
    expect(ours.headers.get('surrogate-control')).toBeNull()
    expect(ours.headers.get('vary')).toBe('accept')
  })

  it('leave a response alone when there are none', () => {
    const response = new Response('body', { headers: { 'cache-control': 'public' } })
    expect(withCookies(response, [])).toBe(response)
  })

  it('never stay on a response that the application hands out again', () => {
    const shared = new Response(null, { status: 204 })
    expect(withCookies(shared, [cookie]).headers.getSetCookie()).toEqual([line])
    expect(shared.headers.getSetCookie()).toEqual([])
  })

  it.each([204, 304, 302])('keep status %s, and headers that nobody may change', (status) => {
    const response =
      status === 302 ? Response.redirect('https://a.example/', 302) : new Response(null, { status })
    const ours = withCookies(response, [cookie, cookie])
    expect([ours.status, ours.headers.getSetCookie()]).toEqual([status, [line]])
    expect(ours.headers.get('location')).toBe(response.headers.get('location'))
  })

  it('travel with the answer of the core; a HEAD gets no body', async () => {
    const request = new Request('https://a.example/', { method: 'HEAD' })
    const exchange = new WebExchange(request)
    exchange.setCookie(cookie)
    const response = exchange.reply({ status: 401, headers: { 'x-a': 'b' }, body: 'no' })
    expect([response.status, response.headers.get('x-a'), await response.text()]).toEqual([401, 'b', ''])
    expect(response.headers.getSetCookie()).toEqual([line])
  })

  it('cannot be set once the response is on its way, nor at all when a browser would drop them', () => {
    const exchange = new WebExchange(new Request('https://a.example/'))
    expect(() => exchange.setCookie({ ...cookie, name: 'a b' })).toThrow(
      expect.objectContaining({ code: 'usage' }),
    )
    exchange.finish(new Response(null))
    expect(() => exchange.setCookie(cookie)).toThrow(expect.objectContaining({ code: 'usage' }))
    expect(exchange.cookies).toEqual([])
  })
})

describe('the response of the application', () => {
  const finish = (response: Response, { isGuarded }: { isGuarded: boolean }): Response => {
    const exchange = new WebExchange(new Request('https://a.example/'))
    if (isGuarded) exchange.keepPrivate()
    return exchange.finish(response)
  }

  it('is the very same one on a plain request, and behind a guard with its body as it was', async () => {
    const open = new Response('body')
    expect(finish(open, { isGuarded: false })).toBe(open)
    expect(open.headers.has('cache-control')).toBe(false)
    const guarded = new Response('body')
    expect(finish(guarded, { isGuarded: true })).toBe(guarded)
    expect(guarded.headers.get('cache-control')).toBe('private, no-store')
    expect(await guarded.text()).toBe('body')
    const cached = new Response('body', { headers: { 'cache-control': 'private, max-age=60' } })
    expect(finish(cached, { isGuarded: true })).toBe(cached)
    expect(cached.headers.get('cache-control')).toBe('private, max-age=60')
  })

  it('is a copy where nobody may change its headers', async () => {
    // As a server sent it; packages replace the global Response, and what that makes may be changed.
    const sent = await fetch('data:text/plain,body')
    const finished = finish(sent, { isGuarded: true })
    expect(finished.headers.get('cache-control')).toBe('private, no-store')
    expect([finished.status, finished.headers.get('content-type')]).toEqual([200, 'text/plain'])
    expect(await finished.text()).toBe('body')
    expect(sent.headers.has('cache-control')).toBe(false)
  })

  it('goes out as it was where no guard stands, although one has kept the same response private', () => {
    const shared = new Response(null, { status: 204, headers: { 'x-a': 'b' } })
    const kept = () => finish(shared, { isGuarded: true }).headers.get('cache-control')
    const open = () => finish(shared, { isGuarded: false })
    expect(open()).toBe(shared)
    expect(kept()).toBe('private, no-store')
    expect([open().status, open().headers.get('x-a'), open().headers.get('cache-control')]).toEqual([
      204,
      'b',
      null,
    ])
    expect(kept()).toBe('private, no-store')
    shared.headers.set('cache-control', 'public, max-age=60')
    expect(open()).toBe(shared)
    expect(kept()).toBe('public, max-age=60')
  })
})

describe('the response of the application, behind a guard further in', () => {
  const open = () => new WebExchange(new Request('https://a.example/'))
  const guarded = (response: Response): Response => {
    const exchange = open()
    exchange.keepPrivate()
    return exchange.finish(response)
  }

  it('stays private on its way out, by whichever request or suite the guard was asked', () => {
    const outer = open()
    const response = guarded(new Response('private'))
    expect(outer.finish(response).headers.get('cache-control')).toBe('private, no-store')
    expect(outer.passOn(response).headers.get('cache-control')).toBe('private, no-store')
  })

  it('stays private also where an earlier request has had the same response', () => {
    const shared = new Response(null, { status: 204 })
    guarded(shared)
    const outer = open()
    expect(outer.finish(guarded(shared)).headers.get('cache-control')).toBe('private, no-store')
    expect(open().finish(shared).headers.has('cache-control')).toBe(false)
  })

  it('may be none at all, where the server upgrades by itself', () => {
    const none = undefined as unknown as Response
    expect(open().finish(none)).toBeUndefined()
    expect(open().passOn(none)).toBeUndefined()
    expect(guarded(none)).toBeUndefined()
  })
})

describe('who waits for the end of an exchange', () => {
  /** An exchange that is answered with a stream, and what became of both. */
  function answered(method: string, signal?: AbortSignal) {
    const exchange = new WebExchange(new Request('https://a.example/x', { method, signal: signal ?? null }))
    const seen = { isTold: false, isCancelled: false }
    exchange.onClose(() => {
      seen.isTold = true
    })
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(1)),
      cancel() {
        seen.isCancelled = true
      },
    })
    return { seen, finish: () => exchange.finish(new Response(body, { headers: { 'x-a': 'b' } })) }
  }

  it('HLD-17 hears of it at once for HEAD, of whose answer nobody reads the body', () => {
    const { seen, finish } = answered('HEAD')
    expect(finish().headers.get('x-a')).toBe('b')
    expect(seen).toEqual({ isTold: true, isCancelled: true })
  })

  it('HLD-17 hears of it when the client is gone before its answer is read, or before there is one', () => {
    for (const isEarly of [true, false]) {
      const client = new AbortController()
      const { seen, finish } = answered('GET', client.signal)
      if (isEarly) client.abort()
      finish()
      expect(seen.isTold).toBe(isEarly)
      client.abort()
      expect(seen).toEqual({ isTold: true, isCancelled: true })
    }
  })

  it('hears nothing as long as the body is read', async () => {
    const { seen, finish } = answered('GET')
    const reader = finish().body?.getReader()
    await reader?.read()
    expect(seen.isTold).toBe(false)
    await reader?.cancel()
    expect(seen).toEqual({ isTold: true, isCancelled: true })
  })
})
