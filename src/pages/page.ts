/** @module The pages on which a person reads what is so, and decides what comes next: escaped, without scripts. */
import type { Reply } from '../exchange.js'
import { type PageFrame, renderDocument, webAddress } from './document.js'
import { escapeHtml } from './escape.js'
import { isTextKey, type Language, type TextKey, textOf } from './texts.js'

/** Something that the person can do on a page. */
export interface PageAction {
  readonly label: TextKey
  /** `get` without fields is a link, anything else a form. */
  readonly method: 'get' | 'post'
  /** A path of ours or an http(s) address. */
  readonly href: string
  /** Hidden fields of the form. */
  readonly fields?: Readonly<Record<string, string>> | undefined
  readonly primary?: boolean | undefined
}

/** One of several that a person chooses, as a form that is sent by POST. */
export interface PageChoice {
  readonly title: string
  /** Address of a picture beside it: a path of ours or an http(s) address. */
  readonly logo: string | undefined
  readonly href: string
  readonly fields: Readonly<Record<string, string>>
}

/** A line of a list, such as a leg of a receipt. */
export interface PageFact {
  /** A key of the texts, or any text. */
  readonly label: TextKey | (string & {})
  /** A key of the texts, or any text. */
  readonly value: TextKey | (string & {})
}

/** What a page says. */
export interface Page {
  readonly status: number
  readonly language: Language
  readonly title: TextKey
  readonly paragraphs: readonly TextKey[]
  readonly facts?: readonly PageFact[] | undefined
  /** What there is to choose among. */
  readonly choices?: readonly PageChoice[] | undefined
  /** What leads on, `home` being the start page; that is added where none of them goes back to the application. */
  readonly actions: readonly (PageAction | 'home')[]
  /** Who may show the page in a frame: `none` (default), `self`, or origins separated by blanks. */
  readonly frameAncestors?: string | undefined
  /** More response headers, lower-case names. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** What a page says, whatever its language. */
export type PageContent = Omit<Page, 'language'>

/**
 * Renders a page.
 * @throws TypeError for an address that is not http(s): a fault of the caller, never of the person.
 */
export function renderPage(frame: PageFrame, page: Page): Reply {
  const text = (key: TextKey) => escapeHtml(textOf(page.language, key))
  const lookUp = (keyOrText: string) => (isTextKey(keyOrText) ? text(keyOrText) : escapeHtml(keyOrText))
  const paragraphs = page.paragraphs.map((key) => `<p>${text(key)}</p>`).join('')
  const facts = (page.facts ?? []).map(
    ({ label, value }) => `<div><dt>${lookUp(label)}</dt><dd>${lookUp(value)}</dd></div>`,
  )
  const list = facts.length === 0 ? '' : `<dl>${facts.join('')}</dl>`
  const leadsBack = page.actions.some((action) => action === 'home' || action.label === 'action.stay')
  const home: PageAction = { label: 'action.home', method: 'get', href: frame.startPage }
  const actions = (leadsBack ? page.actions : [...page.actions, 'home' as const]).map((action) =>
    action === 'home' ? home : action,
  )
  const choices = page.choices ?? []
  const items = choices.map((choice) => `<li>${renderChoice(choice)}</li>`)
  const choiceList = items.length === 0 ? '' : `<ul>${items.join('')}</ul>`
  const nav = actions.map((action) => renderAction(action, text(action.label))).join('')
  return renderDocument(frame, {
    status: page.status,
    language: page.language,
    title: textOf(page.language, page.title),
    content: `${paragraphs}${list}${choiceList}<nav>${nav}</nav>`,
    images: choices.flatMap(({ logo }) => logo ?? []),
    directives: ["form-action 'self'"],
    frameAncestors: page.frameAncestors,
    headers: page.headers,
  })
}

function renderAction(action: PageAction, label: string): string {
  const address = escapeHtml(webAddress(action.href))
  const mark = action.primary === true ? ' class="primary"' : ''
  const { fields = {} } = action
  if (action.method === 'get' && Object.keys(fields).length === 0)
    return `<a${mark} href="${address}">${label}</a>`
  return `<form method="${action.method}" action="${address}">${renderFields(fields)}<button${mark}>${label}</button></form>`
}

/** The title says all that the logo shows: a screen reader would read the name twice. */
function renderChoice({ title, logo, href, fields }: PageChoice): string {
  const address = escapeHtml(webAddress(href))
  const picture = logo === undefined ? '' : `<img src="${escapeHtml(webAddress(logo))}" alt="" height="24">`
  return `<form method="post" action="${address}">${renderFields(fields)}<button>${picture}${escapeHtml(title)}</button></form>`
}

function renderFields(fields: Readonly<Record<string, string>>): string {
  const inputs = Object.entries(fields).map(
    ([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  )
  return inputs.join('')
}
