import { auth } from '../lib/auth'
import { Frame, Name } from './frame'

export default function Home() {
  return (
    <Frame heading="Start page" text="Everybody may see this page.">
      <Greeting />
    </Frame>
  )
}

async function Greeting() {
  const { state, reason, claims } = await auth.read()
  if (state === 'active') {
    return (
      <section className="card who" aria-label="Who is signed in">
        <p>
          Signed in as{' '}
          <b>
            <Name sub={claims.sub} />
          </b>
          .
        </p>
      </section>
    )
  }
  return (
    <section className="card who" aria-label="Who is signed in">
      <p>
        <b>Not signed in</b>.
        <br />
        <small>
          Code: <code>{reason ?? state}</code>
        </small>
      </p>
      <a className="button" href={auth.loginPath('/private')}>
        {state === 'mfa-required' ? 'Go on' : 'Sign in'}
      </a>
    </section>
  )
}
