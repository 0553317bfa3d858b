/** @module What the adapter uses of Next.js, so that building this package does not need it. Users see Next's own types. */
declare module 'next/server.js' {
  export interface NextRequest extends Request {
    readonly cookies: { set(name: string, value: string): unknown }
  }
  export interface NextFetchEvent {
    waitUntil(promise: Promise<unknown>): void
  }
  export const NextResponse: {
    next(init?: { readonly request?: { readonly headers?: Headers } }): Response
  }
  export function connection(): Promise<void>
}

declare module 'next/headers.js' {
  export function headers(): Promise<Headers>
  export function cookies(): Promise<{
    set(cookie: {
      name: string
      value: string
      domain?: string
      path?: string
      maxAge?: number
      httpOnly?: boolean
      secure?: boolean
      sameSite?: 'strict' | 'lax' | 'none'
      partitioned?: boolean
    }): unknown
  }>
}

declare module 'next/navigation.js' {
  export function redirect(url: string): never
}
