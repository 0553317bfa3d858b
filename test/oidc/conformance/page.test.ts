import { expect, it } from 'vitest'
import { textOf } from '../../house/source.js'
import { features, settingsOf } from '../interop/features.js'
import type { Journey } from '../interop/journey.js'
import { type Module, modules } from './modules.js'
import { otherModules, plans } from './plans.js'

/** Puts the rows below the head of a table, in the place of those that are there. */
function withRows(page: string, head: string, rows: readonly (readonly string[])[]): string {
  const at = page.indexOf(`| ${head} |\n`)
  if (at < 0) throw new Error(`no table ${head}`)
  const [line, rule, ...rest] = page.slice(at).split('\n')
  const after = rest.findIndex((each) => !each.startsWith('|'))
  const table = [line, rule, ...rows.map((cells) => `| ${cells.join(' | ')} |`)]
  return `${page.slice(0, at)}${[...table, ...rest.slice(after)].join('\n')}`
}

const short = (name: string) => `\`${name.replace(/^oidcc-client-/, '')}\``

function eventOf(module: Module | undefined): string {
  if (module === undefined || !('refusal' in module) || module.refusal === undefined) return ''
  const { type, problem, code } = module.refusal.event
  return `\`${type}\`, \`${problem ?? code}\``
}

/** What differs, in words. */
function wordsOf({
  signIn,
  isPushed,
  email,
  refresh,
  tokens,
  identity,
  told,
}: Partial<Journey> = {}): string {
  if (signIn !== undefined) {
    const [status, place, event] = signIn.split(', ')
    const page = place === 'here' ? `a page of ours, ${status}` : `a page of the provider, ${status}`
    return event === undefined ? `refused: ${page}` : `refused: ${page}; \`${event.replace(' ', '`, `')}\``
  }
  const words = [
    isPushed === false ? 'requests are not pushed' : undefined,
    email === 'ID token' ? 'UserInfo is not needed: the claim stands in the ID token' : undefined,
    refresh === undefined ? undefined : 'nothing is renewed: the session goes on by its own timers',
    tokens === undefined ? undefined : `the receipt’s leg \`tokens\` is \`${tokens.replace(' ', '`, `')}\``,
    identity === undefined ? undefined : `the leg \`identity\` is \`${identity.replace(' ', '`, `')}\``,
    told === 'no' ? 'nobody tells the application of a sign-out there' : undefined,
    told === 'no page' ? 'nobody can sign out there' : undefined,
  ].filter((word) => word !== undefined)
  return words.length === 0 ? 'all of it works' : words.join('; ')
}

it('docs/openid-conformance.md has every feature of oidc-provider, as it is tried; vitest -u writes it', async () => {
  const switchedOnAndOff = Object.entries(features).map(([name, { onDiffers, offDiffers }]) => [
    `\`${name}\``,
    wordsOf(onDiffers),
    wordsOf(offDiffers),
  ])
  const uses = Object.values(features).flatMap((feature) => feature.uses ?? [])
  const asked = [...uses, ...settingsOf({})].map(({ what, comesTo }) => [what, wordsOf(comesTo)])
  let page = textOf('docs/openid-conformance.md')
  page = withRows(page, 'feature | on | off', switchedOnAndOff)
  page = withRows(page, 'what is otherwise | what comes of it', asked)
  await expect(page).toMatchFileSnapshot('../../../docs/openid-conformance.md')
})

it('docs/openid-conformance.md has every module, as it is played; vitest -u writes it', async () => {
  const profiles = [...new Set(plans.map(({ profile }) => profile))]
  const counts = profiles.map((profile) => {
    const names = plans.flatMap((plan) => (plan.profile === profile ? plan.modules : []))
    return { profile, count: names.length }
  })
  const all = counts.reduce((sum, { count }) => sum + count, 0)
  const summary = [...counts, { profile: 'all', count: all }].map(({ profile, count }) => [
    profile,
    String(count),
  ])
  const names = [...new Set(plans.flatMap((plan) => plan.modules))]
  const played = names.map((name) => {
    const of = new Set(plans.flatMap(({ profile, modules: each }) => (each.includes(name) ? [profile] : [])))
    const module = modules[name]
    return [short(name), [...of].join(', '), module?.demand ?? '', eventOf(module)]
  })
  const others = otherModules.map((name) => {
    const module = modules[name]
    const here = module !== undefined && 'reason' in module ? module.reason : 'played'
    return [short(name), module?.demand ?? '', here]
  })
  let page = textOf('docs/openid-conformance.md')
  page = withRows(page, 'profile | modules', summary)
  page = withRows(page, 'module | profile | what must happen, and does | event where it is refused', played)
  page = withRows(page, 'module | what is asked for | here', others)
  await expect(page).toMatchFileSnapshot('../../../docs/openid-conformance.md')
})
