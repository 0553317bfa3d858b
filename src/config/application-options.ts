/** @module The options of the application itself. */
import type { defaultMostRecords } from '../stores/bounds.js'
import { checkEndpoint, checkOwnOrigin } from './addresses.js'
import { computed, defaulted, type GivenOptional, type GivenRequired, optional, required } from './option.js'
import {
  address,
  choice,
  numberBetween,
  origins,
  pathBelowOrigin,
  publicly,
  shownName,
  textMatching,
} from './option-types.js'
import { secrets } from './secret-kind.js'
import type { OnIdle, Sensitivity } from './sensitivity.js'

/** The longest time that any browser keeps a cookie. Source: RFC 6265bis, section 5.5. */
const fourHundredDays = 34_560_000

/** The options below `application`. */
export const applicationOptions = {
  /** Name of this application in cookies and records: 1 to 32 lower-case letters, digits and hyphens. */
  id: required(
    publicly(
      textMatching(/^[a-z0-9-]{1,32}$/, '1 to 32 lower-case letters, digits and hyphens, such as benefits'),
    ),
  ),
  /**
   * Origin of this application, and of every address that is built.
   *
   * As in `https://benefits.example.gov`, without a path.
   */
  url: required(address(checkOwnOrigin, 'https://benefits.example.gov')),
  /**
   * What a proxy takes away from the beginning of every path before the application sees it. Default none.
   *
   * As in `/app`: browsers see `/app/session`, the application sees `/session`.
   */
  path: computed(
    publicly(
      textMatching(
        pathBelowOrigin,
        'the path that your proxy takes away: it begins with a slash and does not end with one, such as /app',
      ),
    ),
  ),
  /**
   * Name of this application as its people know it: on every page that we serve, and in its title. Default: the host
   * of `url`.
   *
   * As in `Tax Portal`: 1 to 60 characters, none of them a control character.
   */
  name: computed(shownName),
  /**
   * Logo in place of the name on our pages: a path of this application or an absolute address. The name is its
   * alternative text. Default none.
   */
  logo: optional(address(checkEndpoint, '/logo.svg')),
  /**
   * How private the data of this application is; decides the defaults of `idleSeconds` and `onIdle`. Default
   * `sensitive`.
   */
  sensitivity: defaulted(choice<Sensitivity>('sensitive', 'basic', 'public'), 'sensitive'),
  /**
   * A session without activity ends after that long. Default: 600, 3600 or 28800 by `sensitivity`, at most
   * `absoluteSeconds`.
   */
  idleSeconds: computed(numberBetween(1, fourHundredDays)),
  /** A session ends after that long, whatever happens. Default `43200`. */
  absoluteSeconds: defaulted(numberBetween(1, fourHundredDays), 43_200),
  /** Sessions of one person that are kept; beyond it the one that was seen the longest ago ends. Default `200`. */
  sessionsPerPerson: defaulted(numberBetween(1, 10_000), 200 satisfies typeof defaultMostRecords),
  /**
   * What an idle session needs to go on: a new authentication, a visit to the login, or it ends everywhere.
   * Default: `reauthenticate` for `sensitive`, else `resume`.
   */
  onIdle: computed(choice<OnIdle>('reauthenticate', 'resume', 'end-everywhere')),
  /** Origins besides our own that a login or logout may return to. Default none. */
  returnOrigins: defaulted(origins, []),
  /**
   * Seal what leaves the process, newest first, 32 bytes or more each. Default: random for the life of the process;
   * required with a shared store.
   */
  secrets: computed(secrets),
} as const

/** What this application is, and how long its sessions last. */
export interface ApplicationOptions
  extends GivenRequired<typeof applicationOptions>,
    GivenOptional<typeof applicationOptions> {}
