import { cookies, headers } from 'next/headers'
import { Suspense } from 'react'
import { auth } from '../../lib/auth'

export default function Page() {
  return (
    <Suspense>
      <Who />
    </Suspense>
  )
}

async function Who() {
  const { state, reason, claims, session } = await auth.read()
  const locale = (await headers()).get('x-locale')
  const payload = (await cookies()).get('c1_payload')?.value
  return <pre>{JSON.stringify({ state, reason, sub: claims?.sub, session, locale, payload })}</pre>
}
