import { CitizenHeader } from 'citizen-session/react'
import Link from 'next/link'
import { createElement, type ReactNode } from 'react'
import { deskUrl } from '../lib/demo'

/** What every page has around it; as a part of the demo, its live panel too. */
export function Frame({ heading, text, children }: { heading: string; text: string; children: ReactNode }) {
  return (
    <>
      <CitizenHeader />
      <header className="top">
        <Link className="brand" href="/">
          Permits
        </Link>
        <span className="framework">Next.js</span>
        {deskUrl && livePart('demo-places')}
      </header>
      <main>
        <h1>{heading}</h1>
        <p className="lead">{text}</p>
        <nav className="pages" aria-label="Pages">
          <Link href="/">Start</Link> <Link href="/private">Your page</Link>{' '}
          <Link href="/strong">Strong page</Link>
        </nav>
        {children}
        {deskUrl && livePart('demo-panel', { application: 'permits' })}
      </main>
    </>
  )
}

/** Who is known only by an id; the demo knows their names. */
export const Name = ({ sub }: { sub: string }) => (deskUrl ? createElement('demo-name', { sub }, sub) : sub)

/** An element whose content belongs to its own script: React neither draws it nor compares it. */
const livePart = (name: string, attributes: Record<string, string> = {}) =>
  createElement(name, { ...attributes, dangerouslySetInnerHTML: { __html: '' } })
