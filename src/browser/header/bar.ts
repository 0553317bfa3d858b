/** @module The bar of a header: a shadow tree, made once, that shows what is known of the session. Text is text. */
import { loginFrom } from '../session-api.js'
import { type Applications, isShownAddress } from './applications.js'
import type { CitizenHeaderElement } from './host.js'
import { keepMenu } from './menu.js'
import { clientOf, type Header, signOut as leave, viewNow } from './session.js'
import { leftToSay } from './state.js'
import { style } from './style.js'
import { isFrench, roughly, wordsFor } from './texts.js'

/** Makes an element for the tree: a part that pages may style. */
function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  part: string,
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  element.part = part
  element.append(...children)
  return element
}

/** Shows a text, if it is another than before, so that nothing is told twice; what is empty is hidden. */
function say(element: HTMLElement, given: string | false | null | undefined): void {
  const text = given || ''
  if (element.textContent !== text) element.textContent = text
  element.hidden = !text
}

/** The links of the menu, to what lies on the base domain. */
function itemsOf({ domain, applications }: Applications): readonly Node[] {
  return applications
    .filter(({ url }) => isShownAddress(url, domain, location))
    .map(({ name, url, isCurrent }) =>
      Object.assign(make('a', isCurrent ? 'application current' : 'application', name), {
        role: 'menuitem',
        tabIndex: -1,
        href: url,
        ariaCurrent: isCurrent || null,
      }),
    )
}

/** Makes the bar of an element. */
export function createBar(host: CitizenHeaderElement): Header {
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(style)
  const root = host.attachShadow({ mode: 'open' })
  root.adoptedStyleSheets = [sheet]
  const button = make('button', 'menu-button')
  const menu = make('div', 'menu')
  const title = make('b', 'title')
  const name = make('b', 'name')
  const details = make('small', 'details')
  const time = make('small', 'time')
  const notice = make('small', 'notice')
  const live = make('output', '')
  const signIn = make('a', 'sign-in')
  const signOut = make('button', 'sign-out')
  const person = make('span', 'person', name, details, time, notice)
  const account = make('p', 'account', person, signIn, signOut)
  const bar = make('section', 'bar', make('div', '', button, menu), title, make('slot', ''), account, live)
  root.append(bar)
  keepMenu(button, menu)
  let listed: unknown

  const header: Header = {
    get attributes() {
      return `name ${host.getAttribute('details') || ''}`.match(/\S+/g) as readonly string[]
    },
    draw() {
      const { phase, left, isOffline, login, applications, textOf } = viewNow()
      const page = host.closest<HTMLElement>('[lang]')?.lang || navigator.language
      const language = host.texts ? page : isFrench(page) ? 'fr' : 'en'
      const word = wordsFor(page, host.texts)
      const until = (milliseconds: number): string =>
        word('timeLeft').replace('{time}', roughly(milliseconds / 1000, language))
      bar.lang = language
      bar.ariaLabel = word('label')
      if (applications && listed !== applications) {
        listed = applications
        menu.replaceChildren(...itemsOf(applications))
      }
      const current = applications?.name
      const hasOthers = menu.querySelector('a:not([aria-current])')
      button.ariaLabel = menu.ariaLabel = `${word('applications')}: ${current}`
      say(button, hasOthers && current)
      say(title, !hasOthers && current)

      const isActive = phase === 'active'
      const isOut = phase === 'ended' || phase === 'anonymous'
      const [first, ...others] = isActive || phase === 'unknown' ? header.attributes.map(textOf) : []
      say(name, first)
      say(details, others.filter(Boolean).join(' · '))
      say(time, isActive && until(left))
      say(notice, isOffline ? word('offline') : phase === 'ended' && word('ended'))
      // The client has a dialog that tells of a near end.
      const near = isActive && !clientOf(host.client) && leftToSay(left)
      const said = notice.textContent || (near && until(near)) || ''
      if (live.textContent !== said) live.textContent = said

      const hadFocus = signOut.matches(':focus')
      signIn.href = loginFrom(login)
      say(signIn, isOut && word('signIn'))
      say(signOut, (isActive || phase === 'unsure') && word('signOut'))
      if (hadFocus && isOut) signIn.focus()
    },
  }
  signOut.onclick = () => leave(clientOf(host.client))
  return header
}
