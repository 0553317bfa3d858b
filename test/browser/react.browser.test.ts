import { expect, it } from 'vitest'
import { signIn } from './pages.js'
import { setUpWorld } from './world.js'

const world = setUpWorld({ suite: { profile: () => ({ name: 'Ana Archer', email: 'ana@mail.example' }) } })

it('React draws what the server drew, follows the session, extends it, and signs out', async () => {
  const complaints: string[] = []
  world.context.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  const page = await world.tab()
  await world.travel(0)
  await signIn(page, `${world.site.url}/react`)
  const drawn = () => page.evaluate<string>(`document.querySelector('output').innerText`)
  await expect.poll(drawn).toMatch(/^active (?:600|59\d)$/)
  const sent = await page.evaluate(`fetch('/react').then((response) => response.text())`)
  expect(sent).toContain('<output>unknown -</output>')
  expect(sent).toContain('<citizen-header details="email" class="top">our own</citizen-header>')
  await page.getByText('ana@mail.example').waitFor()
  await world.travel(500)
  await expect.poll(drawn).toMatch(/^warning (?:100|9\d)$/)
  // Headless: told, not shown.
  expect(await page.locator('citizen-session').count()).toBe(0)
  await page.click('#extend')
  await expect.poll(drawn).toMatch(/^active (?:600|59\d)$/)
  // The header has the client of the provider.
  expect(await page.evaluate(`document.querySelector('citizen-header').client.snapshot.state`)).toBe('active')
  await page.click('#out')
  await page.waitForURL((url) => url.pathname === '/session/return')
  expect(complaints).toEqual([])
})
