/** @module Options of express-session, koa-session and cookie-session that come over with an application, and what stands for them here. */

const isOurs = 'leave it out: it follows from application.url and the kind of cookie'
const idle =
  'write application.idleSeconds (without activity) and application.absoluteSeconds (whatever happens), in seconds'
const cookieOptions: Readonly<Record<string, string>> = {
  maxAge: idle,
  expires: idle,
  originalMaxAge: idle,
  domain: 'write sharedCookie.domain',
  path: 'write sharedCookie.path',
  sameSite: 'write sharedCookie.sameSite',
  secure: isOurs,
  httpOnly: isOurs,
  priority: isOurs,
  partitioned: isOurs,
}

const topLevelOptions: Readonly<Record<string, string>> = {
  ...cookieOptions,
  secret: 'write application.secrets (CITIZEN_APPLICATION_SECRETS), a list',
  keys: 'write application.secrets (CITIZEN_APPLICATION_SECRETS), a list',
  name: 'leave it out: our cookies are named after application.id',
  key: 'leave it out: our cookies are named after application.id',
  resave: 'leave it out: only what has changed is written',
  saveUninitialized: 'leave it out: a session begins when somebody signs in',
  rolling: `leave it out: each activity counts; ${idle}`,
  renew: `leave it out: each activity counts; ${idle}`,
  ttl: idle,
  genid: 'leave it out: nobody outside names our sessions',
  unset: 'leave it out: end a session by citizen.logout() or suite.sessions',
  proxy: 'leave it out: every address is built from application.url',
  signed: isOurs,
  overwrite: isOurs,
  cookie: 'leave it out',
}

/** What to write in place of an option of another session middleware; `undefined`: it is none. */
export function insteadOfForeign(path: string): string | undefined {
  const [first = '', second, ...rest] = path.split('.')
  if (rest.length > 0) return undefined
  const known = second === undefined ? topLevelOptions : first === 'cookie' ? cookieOptions : {}
  const name = second ?? first
  return Object.hasOwn(known, name) ? known[name] : undefined
}
