/** @module The overlay, what stands before the page: the cover, else the warning, else the request to sign in. */
import { createPanel, type View } from './dialog.js'
import { type Texts, timeInWords } from './texts.js'

/** What stands before the page. */
export interface Overlay {
  readonly isCovered: boolean
  /** Hides the whole page: while the session is checked; with `signIn` at its end, and with a button for it. */
  cover(signIn?: () => void): void
  uncover(): void
  /** Warns, or goes on counting down; without `seconds` it takes the warning away. */
  warn(seconds?: number | false, isLast?: boolean): void
  /** Asks for a sign-in; without `open` it takes the question away. */
  ask(open?: () => void): void
}

/** What the buttons do. The first two reject if it could not be done. */
export interface OverlayOptions {
  readonly texts: Texts
  readonly language: string
  /** Name of the application, once the server has said it. */
  name(): string | undefined
  stay(): Promise<unknown>
  signOut(): Promise<unknown>
  /** The last warning was read. */
  dismiss(): void
  /** The person does not want to sign in. */
  decline(): void
}

/** Makes the overlay; nothing is shown yet. */
export function createOverlay(options: OverlayOptions): Overlay {
  const { texts, language, dismiss, decline } = options
  const panel = createPanel(language)
  let cover: View | undefined
  let warning: View | undefined
  let question: View | undefined
  let note = ''
  let wasLast: boolean | undefined

  const render = (): void => panel.show(cover ?? warning ?? question, options.name())
  const trying = (work: () => Promise<unknown>) => (): void => {
    work().catch(() => {
      note = `${texts.failed} `
      panel.say(note, note)
    })
  }

  return {
    get isCovered() {
      return !!cover
    },
    cover(signIn) {
      const title = signIn ? texts.ended : texts.checking
      if (cover?.title === title) return
      cover = { title, choices: signIn ? { [texts.signIn]: signIn } : {}, isCover: true }
      render()
    },
    uncover() {
      cover = undefined
      render()
    },
    warn(seconds, isLast) {
      if (seconds) {
        const template = isLast ? texts.lastWarning : texts.warning
        const text = template.replace('{time}', timeInWords(seconds, language))
        // What extends it or does not is another dialog.
        if (!warning || isLast !== wasLast) {
          note = ''
          wasLast = isLast
          const keep = isLast ? dismiss : trying(options.stay)
          const choices = {
            [isLast ? texts.close : texts.stay]: keep,
            [texts.signOut]: trying(options.signOut),
          }
          warning = { title: texts.warningTitle, text, choices, escape: keep }
        } else if (!cover) {
          // A screen reader is told at a minute, at half of it, and near the end.
          panel.say(note + text, [60, 30, 10].includes(seconds) && text)
        }
      } else warning = undefined
      render()
    },
    ask(open) {
      question = open && {
        title: texts.signIn,
        text: texts.signInNeeded,
        choices: { [texts.signIn]: open, [texts.close]: decline },
        escape: decline,
      }
      render()
    },
  }
}
