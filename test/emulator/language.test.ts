import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEmulator, type Emulator } from '../../src/emulator/index.js'

let emulator: Emulator
beforeAll(async () => {
  emulator = await createEmulator({
    url: 'https://id.citizen.example',
    domain: 'citizen.example',
    control: true,
  })
})
afterAll(() => emulator.close())

const open = async (path: string, headers: Record<string, string> = {}) => {
  const response = await emulator.fetch(new Request(`https://id.citizen.example${path}`, { headers }))
  return { language: response.headers.get('content-language'), body: await response.text() }
}

describe('a form in French', () => {
  it('stays so where its answer is refused, whatever the browser prefers', async () => {
    const { body } = await open('/login?ui_locales=fr')
    const action = /action="([^"]+)"/.exec(body)?.[1] ?? ''
    const answer = await emulator.fetch(
      new Request(`https://id.citizen.example${action}`, {
        method: 'POST',
        body: new URLSearchParams({ username: 'ana', password: 'no' }),
      }),
    )
    expect(await answer.text()).toContain('ne vont pas ensemble')
  })
})

describe('the language of the emulator’s pages', () => {
  it.each([
    [undefined, '/login', 'en', 'Sign in'],
    ['de', '/login', 'en', 'Sign in'],
    ['fr-CA,fr;q=0.9,en;q=0.8', '/login', 'fr', 'Se connecter'],
    ['fr;q=0.4,en;q=0.6', '/login', 'en', 'Sign in'],
    ['fr;q=0', '/login', 'en', 'Sign in'],
    ['en', '/login?ui_locales=fr-CA%20en', 'fr', 'Se connecter'],
    ['fr', '/login?ui_locales=de%20en', 'en', 'Sign in'],
    [
      'en',
      `/login?returnTo=${encodeURIComponent('/authorize?ui_locales=de%20fr&x=1')}`,
      'fr',
      'Se connecter',
    ],
    ['fr', '/', 'fr', 'CitizenOne'],
    ['fr', '/messages', 'fr', 'Téléphone'],
    ['fr', '/logout', 'fr', 'Déconnexion terminée'],
    ['fr', '/nowhere', 'fr', 'Il n’y a rien ici'],
    // For developers.
    ['fr', '/faults', 'en', 'Faults'],
  ])('with Accept-Language %s at %s is %s', async (accepted, path, language, heading) => {
    const page = await open(path, accepted === undefined ? {} : { 'accept-language': accepted })
    expect(page.language).toBe(language)
    expect(page.body).toContain(`<html lang="${language}">`)
    expect(page.body).toContain(`<h1>${heading}</h1>`)
    expect(page.body).toContain(language === 'fr' ? '>Accueil<' : '>Home<')
  })
})
