/** Where the demo's desk is, if this application runs as a part of the demo. */
export const deskUrl = process.env.DEMO_DESK_URL

/** Whether its timers are so short that a warning would never go away. */
export const isShort = process.env.DEMO_SHORT === 'true'

/** The name of a person: the demo's desk knows it, for a token carries none; elsewhere the `sub` has to do. */
export async function nameOf(sub: string): Promise<string> {
  if (deskUrl === undefined) return sub
  const response = await fetch(`${deskUrl}/demo/about`)
  const { people }: { readonly people: Readonly<Record<string, string>> } = await response.json()
  return people[sub] ?? sub
}
