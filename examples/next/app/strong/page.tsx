import { redirect } from 'next/navigation'
import { auth } from '../../lib/auth'
import { Frame } from '../frame'

/** Only somebody who has shown a second proof sees this page. */
export default async function Strong() {
  const { state, assurance } = await auth.read()
  if (state !== 'active' || assurance.level < 2) redirect(`${auth.loginPath('/strong')}&level=2`)
  return (
    <Frame heading="Strong page" text="Only somebody who has shown a second proof sees this page.">
      <section className="card who">
        <p>You have shown a second proof: level {assurance.level}.</p>
      </section>
    </Frame>
  )
}
