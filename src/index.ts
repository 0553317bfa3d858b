/** @module The public core, and the one file that adapters import. */
export type {
  ActiveCitizen,
  AnonymousCitizen,
  AnonymousReason,
  Assurance,
  Citizen,
  CitizenSession,
  Claims,
  LogoutRequest,
  MfaRequiredCitizen,
  UnavailableCitizen,
} from './citizen.js'
export type { Clock } from './clock.js'
export { createSuite } from './compose/compose.js'
export type { ApplicationOptions } from './config/application-options.js'
export type { GateClaims, GateOptions, GatePolicy, GateSubject } from './config/gate-options.js'
export type { HeaderApplication, HeaderOptions } from './config/header-options.js'
export type {
  IdentityProviderOptions,
  RefreshAnswer,
  RefreshResponse,
} from './config/identity-provider-options.js'
export type { ResolvedOptions, SuiteOptions } from './config/options.js'
export type { ProfileSources, ReleaseProfile } from './config/profile-option.js'
export type { RoutesOptions } from './config/routes-options.js'
export { type OnIdle, type Sensitivity, sensitivities } from './config/sensitivity.js'
export type { SharedCookieOptions } from './config/shared-cookie-options.js'
export { serializeCookie } from './cookies/serialize.js'
export {
  CitizenSessionError,
  ConfigurationError,
  type ConfigurationProblem,
  type ErrorCode,
  type StoreProblem,
  StoreUnavailableError,
} from './errors.js'
export type {
  CitizenEvent,
  DuplicateCookieEvent,
  GateFailedEvent,
  GateProblem,
  IdentityChangedEvent,
  IdentityDegradedEvent,
  IdentityRefreshedEvent,
  IdentityRefusedEvent,
  KeysUnavailableEvent,
  LogoutLegEvent,
  ProfileFailedEvent,
  ProfileProblem,
  SessionAliasedEvent,
  SessionEndedEvent,
  SessionRefusedEvent,
  SessionStartedEvent,
  StoreUnavailableEvent,
  TokenRejectedEvent,
  UserInfoFailedEvent,
  WarningEvent,
} from './events.js'
export { channelName } from './events.js'
export type { Exchange, Handler, MaybePromise, Reply, SetCookie } from './exchange.js'
export { claimsRefused } from './guards/claims-refused.js'
export { checkDemand, demandClaims, demandLevel, demandProvider, demandRecent } from './guards/demands.js'
export { checkLogoutRequest } from './logout/logout-request.js'
export { refuseArguments, refuseNoFunction, refuseNoObject, wrongFramework } from './misuse.js'
export type { PagesOptions } from './pages/pages.js'
export { type Problem, problem } from './pages/problem.js'
export type { Protocol, ProtocolSettings } from './protocols/protocol.js'
export type { Leg, LegName, LegState, LogoutOutcome, Receipt } from './receipt.js'
export type { EndReason } from './session-record.js'
export type {
  EndResult,
  ListedSession,
  SessionAdministration,
  Subject,
} from './sessions/administration.js'
export type { ApplicationsDocument } from './sessions/applications.js'
export type { Demand } from './sessions/assurance.js'
export type { EndedSession } from './sessions/lifecycle-context.js'
export type { ProfileDocument } from './sessions/profile.js'
export type { StatusDocument } from './sessions/status.js'
export { memoryStore } from './stores/memory/store.js'
export type { Store } from './stores/store.js'
export type { Suite } from './suite.js'
