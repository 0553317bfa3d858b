/** @module The options of the header that applications share: which there are, and the domain that they lie on. */
import { type Checked, checkAbsolute, type Surroundings } from './addresses.js'
import { cookieDomain } from './cookie-settings.js'
import { computed, defaulted, type GivenOptional, type GivenRequired } from './option.js'
import { type Kind, shownName } from './option-types.js'

/** An application in the menu of `<citizen-header>`. */
export interface HeaderApplication {
  /** As its people know it: 1 to 60 characters. */
  readonly name: string
  /** Its start page: an absolute address on the base domain. */
  readonly url: string
}

const mostApplications = 32
const members: ReadonlySet<string> = new Set(['name', 'url'])
const listHint =
  'write a list of at most 32 applications, as in [{ name: "Library", url: "https://library.example.gov" }]; in a variable as JSON'

/** A list of applications, each at another address; JSON in a variable. */
const applicationList: Kind<readonly HeaderApplication[]> = {
  fromText(text) {
    try {
      return JSON.parse(text) as unknown
    } catch {
      return text
    }
  },
  check(value, surroundings) {
    if (!Array.isArray(value) || value.length > mostApplications) return { problem: listHint }
    const applications: HeaderApplication[] = []
    for (const [index, each] of (value as readonly unknown[]).entries()) {
      const checked = checkApplication(each, surroundings)
      if ('problem' in checked) return { problem: `${checked.problem}, in application ${index + 1}` }
      if (applications.some(({ url }) => url === checked.value.url)) {
        return { problem: `write each address once: that of application ${index + 1} is there before` }
      }
      applications.push(checked.value)
    }
    return { value: applications }
  },
}

function checkApplication(value: unknown, surroundings: Surroundings): Checked<HeaderApplication> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { problem: 'write an object with name and url' }
  }
  const unknown = Object.keys(value).find((name) => !members.has(name))
  if (unknown !== undefined) return { problem: 'write only name and url' }
  const { name, url }: { name?: unknown; url?: unknown } = value
  const checkedName = shownName.check(name, surroundings)
  if ('problem' in checkedName) return checkedName
  const checkedUrl = checkAbsolute(url, surroundings, 'https://library.example.gov')
  if ('problem' in checkedUrl) return checkedUrl
  return { value: { name: checkedName.value, url: checkedUrl.value } }
}

/** A base domain. */
const baseDomain: Kind<string> = {
  isPublic: true,
  fromText: cookieDomain.fromText,
  check(value, surroundings) {
    const checked = cookieDomain.check(value, surroundings)
    if ('problem' in checked) return checked
    return checked.value === false
      ? { problem: 'write a domain, such as example.gov, or leave it out' }
      : { value: checked.value }
  },
}

/** The options below `header`. */
export const headerOptions = {
  /**
   * The applications in the menu of `<citizen-header>`, each with `name` and `url`; whoever can reach this application can
   * read them. Default none.
   *
   * At most 32, with names of 1 to 60 characters; addresses are https on the base domain. In a variable they are JSON.
   */
  applications: defaulted(applicationList, []),
  /**
   * The base domain that their addresses lie on. Default: `sharedCookie.domain`, without a shared cookie the host of
   * `application.url`.
   */
  domain: computed(baseDomain),
} as const

/** The header that applications share. */
export interface HeaderOptions
  extends GivenRequired<typeof headerOptions>,
    GivenOptional<typeof headerOptions> {}
