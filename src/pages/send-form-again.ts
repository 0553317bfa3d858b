/** @module A form of another site, sent to us once more by a page of ours. */
import type { Exchange, Reply } from '../exchange.js'
import type { Pages } from './pages.js'

/**
 * From another site a form comes without our SameSite=Lax cookies: a page of ours sends it once more, with `mark` as a
 * field, and then they come. So no cookie of ours needs SameSite=None.
 */
export function sendFormAgain(
  pages: Pages,
  exchange: Exchange,
  {
    path,
    fields,
    mark,
    frameAncestors,
  }: {
    readonly path: string
    readonly fields: Iterable<readonly [string, string]>
    readonly mark: string
    /** Who may have the page in a frame. Default: nobody. */
    readonly frameAncestors?: 'self' | undefined
  },
): Reply {
  return pages.showFormPost(exchange, { action: path, fields: [...fields, [mark, '1']], frameAncestors })
}
