import { NextResponse } from 'next/server'
import { auth } from './lib/auth'

/** The session, and a policy for scripts: those of Next.js carry a nonce, which it reads from the request. */
export const proxy = auth.compose((request) => {
  const policy = policyWith(btoa(crypto.randomUUID()))
  const headers = new Headers(request.headers)
  headers.set('content-security-policy', policy)
  return NextResponse.next({ request: { headers }, headers: { 'content-security-policy': policy } })
})

function policyWith(nonce: string): string {
  const isDevelopment = process.env.NODE_ENV === 'development'
  return [
    "default-src 'self'",
    // In development React makes its stack traces with eval, and styles are put in by scripts.
    `script-src 'self' 'nonce-${nonce}'${isDevelopment ? " 'unsafe-eval'" : ''}`,
    `style-src 'self' ${isDevelopment ? "'unsafe-inline'" : `'nonce-${nonce}'`}`,
    "img-src 'self' data:",
    // Signing out leads to the identity provider: browsers check the whole way of a form.
    `form-action 'self' ${process.env.CITIZEN_IDENTITY_PROVIDER_URL}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
  ].join('; ')
}

export const config = {
  matcher: [
    {
      source: '/((?!_next/static|_next/image|favicon.ico|demo/).*)',
      missing: [
        { type: 'header', key: 'next-router-prefetch' },
        { type: 'header', key: 'purpose', value: 'prefetch' },
      ],
    },
  ],
}
