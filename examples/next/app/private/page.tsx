import { redirect } from 'next/navigation'
import { auth } from '../../lib/auth'
import { Frame, Name } from '../frame'
import { saveNote } from './actions'
import { noteOf } from './notes'

export default async function Private() {
  const { state, claims } = await auth.read()
  if (state !== 'active') redirect(auth.loginPath('/private'))
  return (
    <Frame heading="Your page" text="Only somebody who is signed in sees this page.">
      <section className="card who" aria-label="Who is signed in">
        <p>
          Signed in as{' '}
          <b>
            <Name sub={claims.sub} />
          </b>
          .
        </p>
        <form action="/session/logout" method="post">
          <button type="submit">Sign out everywhere</button>
        </form>
        <form action="/session/logout" method="post">
          <input type="hidden" name="scope" value="application" />
          <button className="plain" type="submit">
            Sign out here only
          </button>
        </form>
      </section>
      <form action={saveNote} className="card note">
        <label>
          Note of yours: <input name="note" defaultValue={noteOf(claims.sub)} />
        </label>
        <button type="submit">Save</button>
      </form>
    </Frame>
  )
}
