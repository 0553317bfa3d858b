/** @module The words of the header, in English and French; any other language by the property `texts`. */

/** English and French, under the name by which an application replaces them. */
const words = {
  label: 'Account|Compte',
  applications: 'Applications|Applications',
  timeLeft: 'Session ends in {time}|Fin de session dans {time}',
  signIn: 'Sign in|Se connecter',
  signOut: 'Sign out|Se déconnecter',
  ended: 'Your session has ended.|Votre session est terminée.',
  offline: 'Service unavailable.|Service indisponible.',
}

/** The words that the header shows or says. `timeLeft` holds `{time}`: the time that is left, in words of the language. */
export type HeaderTexts = { readonly [name in keyof typeof words]: string }

/** Whether the header speaks French where that is the language of the page; else it speaks English. */
export function isFrench(language: string): boolean {
  return /^fr\b/i.test(language)
}

/** The words by their names for a language tag; the application's own before ours. */
export function wordsFor(
  language: string,
  own: Partial<HeaderTexts> | undefined,
): (name: keyof HeaderTexts) => string {
  return (name) => own?.[name] ?? (words[name].split('|')[isFrench(language) ? 1 : 0] as string)
}

/** Seconds in words of a language, in one unit, never more than there are: hours from two on, minutes, seconds. */
export function roughly(seconds: number, language: string): string {
  const [length, unit] = seconds < 60 ? [1, 'second'] : seconds < 7200 ? [60, 'minute'] : [3600, 'hour']
  return Math.floor(seconds / length).toLocaleString(language, { style: 'unit', unit, unitDisplay: 'long' })
}
