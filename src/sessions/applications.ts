/** @module The applications that the header of each page leads to: what `GET <path>/applications` tells everybody. */
import type { HeaderApplication } from '../config/header-options.js'
import type { ResolvedOptions } from '../config/options.js'
import { digest } from '../digest.js'
import type { PublicDocument } from '../pages/public-document.js'

/** The JSON of `GET <path>/applications`. */
export interface ApplicationsDocument {
  /** The base domain that all addresses lie on. */
  readonly domain: string
  /** The name of this application. */
  readonly name: string
  readonly applications: readonly (HeaderApplication & {
    /** Whether it is this one. */
    readonly isCurrent: boolean
  })[]
}

/** The applications, and which of them this one is. */
export function applicationsOf({
  header,
  application,
}: Pick<ResolvedOptions, 'header' | 'application'>): ApplicationsDocument {
  const current = currentOf(header.applications, `${application.url}${application.path}`)
  const { name } = application
  return {
    domain: header.domain,
    name: current?.name ?? name,
    applications: header.applications.map((each) => ({ ...each, isCurrent: each === current })),
  }
}

/**
 * The application that lies where this one does: it begins at our path or above, of several the nearest one (on one host
 * there may be many); else the only one that begins further down.
 */
function currentOf(applications: readonly HeaderApplication[], own: string): HeaderApplication | undefined {
  const place = (url: string) => `${url.replace(/[?#].*$/, '').replace(/\/+$/, '')}/`
  const around = applications.filter(({ url }) => place(own).startsWith(place(url)))
  if (around.length > 0)
    return around.sort((one, other) => place(other.url).length - place(one.url).length)[0]
  const below = applications.filter(({ url }) => place(url).startsWith(place(own)))
  return below.length === 1 ? below[0] : undefined
}

/** The same as a document for everybody. */
export function applicationsDocument(
  options: Pick<ResolvedOptions, 'header' | 'application'>,
): PublicDocument {
  const body = JSON.stringify(applicationsOf(options))
  return { type: 'application/json', body, tag: `"${digest(body)}"` }
}
