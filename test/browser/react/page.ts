/** @module The React page of the tests, bundled for Chromium: shows what the hook says. */
import { createElement as element, StrictMode } from 'react'
import { hydrateRoot } from 'react-dom/client'
import { CitizenHeader, CitizenProvider, useCitizen } from '../../../adapters/react.js'

/** Says how things stand, with two buttons. */
export function Panel() {
  const { state, secondsLeft, extend, signOut } = useCitizen()
  return element(
    'section',
    null,
    element('output', null, `${state} ${secondsLeft ?? '-'}`),
    element('button', { type: 'button', id: 'extend', onClick: () => void extend() }, 'extend'),
    element('button', { type: 'button', id: 'out', onClick: () => void signOut() }, 'out'),
  )
}

/** The whole page. */
export const tree = () =>
  element(
    StrictMode,
    null,
    element(
      CitizenProvider,
      { headless: true, warnSeconds: 120 },
      element(CitizenHeader, { details: ['email'], className: 'top' }, 'our own'),
      element(Panel),
    ),
  )

if (typeof document !== 'undefined') {
  const root = document.querySelector('#root')
  if (root !== null) hydrateRoot(root, tree())
}
