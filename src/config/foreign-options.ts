/** @module Options of other packages that come over with an application, and what stands for them here. */

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

const noSecret = 'leave it out: write application.secrets (CITIZEN_APPLICATION_SECRETS), a list, beside it'
const baseAddress = 'leave it out: write application.url (CITIZEN_APPLICATION_URL), beside it'
const ownAddress =
  'leave it out: it follows from application.url; `npx citizen-session registration` prints it'
const guard = 'leave it out: a guard such as requireCitizen() says which pages need a sign-in'
const secretForm =
  'write clientAuthentication, or leave it out: a client secret then goes as the provider offers it'

/** Of express-openid-connect, passport-openidconnect, openid-client and next-auth, for `oidc()`. */
export const insteadOfOidc: Readonly<Record<string, string>> = {
  issuerBaseURL: 'write issuer, letter by letter as the provider writes it',
  issuerBaseUrl: 'write issuer, letter by letter as the provider writes it',
  discoveryUrl: 'write issuer: the address without /.well-known/openid-configuration',
  wellKnown: 'write issuer: the address without /.well-known/openid-configuration',
  baseURL: baseAddress,
  secret: noSecret,
  authRequired: guard,
  redirectUri: ownAddress,
  redirect_uri: ownAddress,
  redirect_uris: ownAddress,
  redirectURL: ownAddress,
  callbackURL: ownAddress,
  callbackUrl: ownAddress,
  postLogoutRedirectUri: ownAddress,
  post_logout_redirect_uris: ownAddress,
  idpLogout: 'leave it out: a sign-out ends the session at the provider as well',
  authorizationParams: 'write parameters',
  authorizationURL: 'leave it out, for the provider’s description says it, or write endpoints.authorization',
  tokenURL: 'leave it out, for the provider’s description says it, or write endpoints.token',
  userInfoURL: 'leave it out, for the provider’s description says it, or write endpoints.userInfo',
  clientAuthMethod: secretForm,
  token_endpoint_auth_method: secretForm,
}

const idpCertificate =
  'leave it out: the provider’s certificates stand in its metadata (metadataUrl, or metadata)'
const idpAddress = 'leave it out: the provider’s addresses stand in its metadata (metadataUrl, or metadata)'

/** Of passport-saml, node-saml and samlify, for `saml()`. */
export const insteadOfSaml: Readonly<Record<string, string>> = {
  entryPoint: idpAddress,
  logoutUrl: idpAddress,
  cert: idpCertificate,
  idpCert: idpCertificate,
  issuer: 'write entityId for the name of this application, and identityProvider for that of the provider',
  idpIssuer: 'write identityProvider',
  entityID: 'write entityId for the name of this application, and identityProvider for that of the provider',
  callbackUrl: ownAddress,
  logoutCallbackUrl: ownAddress,
  privateCert: 'write privateKey',
  publicCert: 'write certificate',
  decryptionPvk: 'write decryption: true: privateKey, and otherKeys, open what is encrypted',
  identifierFormat: 'write nameIdFormat',
  authnContext: 'write requestedContexts',
  wantAssertionsSigned: 'leave it out: what is not signed is refused',
  wantAuthnResponseSigned: 'leave it out: what is not signed is refused',
  signatureAlgorithm: 'leave it out: what we send is signed with SHA-256',
  acceptedClockSkewMs: 'write clockSkewSeconds, in seconds',
  forceAuthn:
    'leave it out: a new authentication is asked for where one is needed; requireRecent() needs one',
}

/** What to write in place of an option of another session middleware; `undefined`: it is none. */
export function insteadOfForeign(path: string): string | undefined {
  const [first = '', second, ...rest] = path.split('.')
  if (rest.length > 0) return undefined
  const known = second === undefined ? topLevelOptions : first === 'cookie' ? cookieOptions : {}
  const name = second ?? first
  return Object.hasOwn(known, name) ? known[name] : undefined
}
