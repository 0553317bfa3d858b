/** @module What axe finds on a page, whatever its policy says of scripts. */
import axe from 'axe-core'
import type { Page } from 'playwright-core'

/** Rules of axe that do not hold for what is looked at, by their ids. */
export type AxeExceptions = Readonly<Record<string, { readonly enabled: false }>>

/** The violations, each with the markup that it is about; none, one hopes. */
export async function axeFindings(page: Page, rules: AxeExceptions = {}): Promise<readonly unknown[]> {
  const session = await page.context().newCDPSession(page)
  // By the inspector: the page's policy lets no test's script in.
  await session.send('Runtime.evaluate', { expression: axe.source })
  const { violations } = (await page.evaluate(
    `axe.run(document, { rules: ${JSON.stringify(rules)} })`,
  )) as axe.AxeResults
  await session.detach()
  return violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])
}
