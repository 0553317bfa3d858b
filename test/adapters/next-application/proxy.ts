import { type NextRequest, NextResponse } from 'next/server'
import { auth } from './lib/auth'

export const proxy = auth.compose((request, { guard }) => {
  const { pathname } = request.nextUrl
  if (pathname.startsWith('/kept')) return guard() ?? NextResponse.rewrite(new URL('/who', request.url))
  if (pathname === '/moved') {
    const response = NextResponse.redirect(new URL('/static', request.url))
    response.cookies.set('moved', 'yes')
    return response
  }
  if (pathname.startsWith('/fr/')) return localised(request)
})

/** As packages for translated routes do: a rewrite with request headers, response headers and a cookie of its own. */
function localised(request: NextRequest): Response {
  const headers = new Headers(request.headers)
  headers.set('x-locale', 'fr')
  const url = new URL(request.nextUrl.pathname.slice(3), request.url)
  const response = NextResponse.rewrite(url, { request: { headers } })
  response.headers.set('content-language', 'fr')
  response.cookies.set('LOCALE', 'fr', { path: '/', sameSite: 'lax' })
  response.cookies.set('SEEN', '1')
  return response
}

export const config = {
  matcher: [
    {
      source: '/((?!_next/static|_next/image|favicon.ico|test/).*)',
      missing: [
        { type: 'header', key: 'next-router-prefetch' },
        { type: 'header', key: 'purpose', value: 'prefetch' },
      ],
    },
  ],
}
