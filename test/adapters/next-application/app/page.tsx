import Link from 'next/link'
import { Suspense } from 'react'
import { auth } from '../lib/auth'

export default function Home() {
  return (
    <main>
      <h1>Permits</h1>
      <Suspense>
        <Greeting />
      </Suspense>
      <p>
        <Link href="/private">Your page</Link>
      </p>
    </main>
  )
}

async function Greeting() {
  const { state, reason, claims } = await auth.read()
  if (state === 'active') return <p>Signed in as {claims.sub}.</p>
  return (
    <p>
      Nobody is signed in: {reason ?? state}. <a href={auth.loginPath('/private')}>Sign in</a>
    </p>
  )
}
