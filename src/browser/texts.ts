/** @module The words of the dialog and the cover, in English and French; any other language by option. */

/** English and French, under the name by which an application replaces them. */
const words = {
  warningTitle: 'Are you still there?|Êtes-vous toujours là ?',
  warning: 'You will be signed out in {time}.|Vous serez déconnecté dans {time}.',
  lastWarning:
    'Your session ends in {time}. Please save your work.|Votre session se termine dans {time}. Veuillez enregistrer votre travail.',
  stay: 'Stay signed in|Rester connecté',
  close: 'Close|Fermer',
  signOut: 'Sign out|Se déconnecter',
  checking: 'Checking your session…|Vérification de votre session…',
  ended: 'Your session has ended.|Votre session est terminée.',
  signIn: 'Sign in|Se connecter',
  signInNeeded: 'Please sign in in the new window.|Veuillez vous connecter dans la nouvelle fenêtre.',
  failed: 'Please try again.|Veuillez réessayer.',
}

/** The name of a text. */
export type TextName = keyof typeof words

/**
 * The words that the client shows. `warning`, and `lastWarning` where the absolute limit comes first and nothing
 * extends the session, hold `{time}`: the time that is left, in words of the language.
 */
export type Texts = { readonly [name in TextName]: string }

/** The words for a language tag, French for `fr…`, else English, with the application's own before ours. */
export function textsFor(language: string, own: Partial<Texts> | undefined): Texts {
  const column = /^fr\b/i.test(language) ? 1 : 0
  const ours = Object.entries(words).map(([name, columns]) => [name, columns.split('|')[column]])
  return { ...Object.fromEntries(ours), ...own }
}

/** Seconds in words of a language, as in `1 minute 30 seconds`. */
export function timeInWords(seconds: number, language: string): string {
  const parts = [
    [Math.floor(seconds / 60), 'minute'],
    [seconds % 60, 'second'],
  ] as const
  return parts
    .filter(([value]) => value > 0)
    .map(([value, unit]) => value.toLocaleString(language, { style: 'unit', unit, unitDisplay: 'long' }))
    .join(' ')
}
