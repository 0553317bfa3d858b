import { redirect } from 'next/navigation'
import { Suspense } from 'react'
import { auth } from '../../lib/auth'
import { saveNote } from './actions'
import { noteOf } from './notes'

export default function Private() {
  return (
    <main>
      <h1>Your page</h1>
      <Suspense>
        <Note />
      </Suspense>
      <form action="/session/logout" method="post">
        <button type="submit">Sign out everywhere</button>
      </form>
    </main>
  )
}

async function Note() {
  const { state, claims } = await auth.read()
  if (state !== 'active') redirect(auth.loginPath('/private'))
  return (
    <form action={saveNote}>
      <label>
        Note of {claims.sub}: <input name="note" defaultValue={noteOf(claims.sub)} />
      </label>
      <button type="submit">Save</button>
    </form>
  )
}
