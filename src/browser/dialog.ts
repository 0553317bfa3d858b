/** @module The dialog and the cover: native, in a shadow tree, styled without a style attribute or element. */

/** What to show. */
export interface View {
  readonly title: string
  readonly text?: string | undefined
  /** Buttons by their labels; the first is the primary one and gets the focus. */
  readonly choices: Readonly<Record<string, () => void>>
  /** What Escape does; nothing without it. */
  readonly escape?: () => void
  /** Whether nothing of the page may be seen behind it. */
  readonly isCover?: boolean
}

/** The one dialog of a page. */
export interface Panel {
  /** Shows this instead of what was there, below the name of who shows it; `undefined`: nothing. */
  show(view: View | undefined, name: string | undefined): void
  /** Changes the text; `spoken` is what a screen reader says of it. */
  say(text: string, spoken?: string | false): void
}

const style = `dialog{color-scheme:var(--citizen-color-scheme,light dark);--b:var(--citizen-background,light-dark(#fff,#16171b));--a:var(--citizen-accent,light-dark(#0b5394,#9cc7f5));box-sizing:border-box;width:28rem;padding:1.5rem;border:1px solid;border-radius:var(--citizen-radius,.5rem);font:var(--citizen-font,1rem/1.5 system-ui);color:var(--citizen-color,light-dark(#1b1b1f,#f1f1f4));background:var(--b)}\
[open]{display:grid;gap:1rem}\
::backdrop{background:#000a}\
.cover{min-width:100%;min-height:100%;border:0;border-radius:0;place-content:center}\
h2,p{margin:0}\
button{padding:.5rem;border:2px solid var(--a);border-radius:var(--citizen-radius,.5rem);font:inherit;color:var(--a);background:var(--b)}\
p+p+button{background:var(--a);color:var(--citizen-on-accent,var(--b))}\
[role=status]{position:absolute;clip-path:inset(50%)}`

function sheetOf(text: string): CSSStyleSheet {
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(text)
  return sheet
}

/** Makes the dialog; nothing is in the page before it is shown. */
export function createPanel(language: string): Panel {
  const hiding = sheetOf('body{display:none!important}')
  const host = document.createElement('citizen-session')
  const root = host.attachShadow({ mode: 'open' })
  let paragraph: HTMLElement
  let live: HTMLElement
  let view: View | undefined
  let scroll: readonly [number, number] | undefined

  const add = <K extends keyof HTMLElementTagNameMap>(
    parent: Node,
    tag: K,
    properties: Partial<HTMLElementTagNameMap[K]>,
  ): HTMLElementTagNameMap[K] => parent.appendChild(Object.assign(document.createElement(tag), properties))

  const dialog = add(root, 'dialog', { role: 'alertdialog' })
  dialog.setAttribute('aria-labelledby', 'name title')
  dialog.setAttribute('aria-describedby', 'text')
  host.lang = language
  root.adoptedStyleSheets = [sheetOf(style)]
  dialog.oncancel = (event) => {
    event.preventDefault()
    view?.escape?.()
  }
  // Browsers let nobody hold a dialog open against a second Escape: open it again.
  dialog.onclose = () => {
    if (view && !dialog.open) dialog.showModal()
  }

  /** A page that is not laid out is neither seen nor read aloud nor found, and keeps what was typed. */
  const conceal = (isCover: boolean | undefined): void => {
    if (!isCover === !scroll) return
    const place = [scrollX, scrollY] as const
    const others = document.adoptedStyleSheets.filter((sheet) => sheet !== hiding)
    document.adoptedStyleSheets = isCover ? [...others, hiding] : others
    if (scroll) scrollTo(...scroll)
    scroll = isCover ? place : undefined
  }

  return {
    show(next, name) {
      if (next === view) return
      view = next
      dialog.replaceChildren()
      if (next) {
        dialog.className = next.isCover ? 'cover' : ''
        if (name) add(dialog, 'p', { id: 'name', textContent: name })
        add(dialog, 'h2', { id: 'title', textContent: next.title })
        paragraph = add(dialog, 'p', { id: 'text', textContent: next.text })
        live = add(dialog, 'p', { role: 'status' })
        for (const [textContent, onclick] of Object.entries(next.choices)) {
          add(dialog, 'button', { textContent, onclick })
        }
        // Beside the body: that may be hidden, and belongs to the application.
        // Once: what is moved leaves the top layer, and the dialog would be one among others.
        if (!host.isConnected) document.documentElement.append(host)
      }
      conceal(next?.isCover)
      if (!next) {
        // The browser gives the focus back to where it was.
        dialog.close()
        host.remove()
      } else if (dialog.open) dialog.querySelector('button')?.focus()
      else dialog.showModal()
    },
    say(text, spoken) {
      paragraph.textContent = text
      if (spoken) live.textContent = spoken
    },
  }
}
