/**
 * @module `citizen-session/emulator`: an identity provider in a process, for development and tests. Of the core it may
 * use leaves and the loading of xml-crypto, and nothing that judges: a provider that shared the mistakes
 * of the suite would hide them.
 */
export type { CookieNames } from './cookies.js'
export { createEmulator, type Emulator, type EmulatorOptions } from './emulator.js'
export type { EndpointName, RequestCounts } from './endpoints.js'
export type { IdTokenFault, LogoutTokenFault, OpenidFaults, UserInfoFault } from './faults/openid.js'
export type { SamlFaultList, SamlFaults, SamlMessageFault } from './faults/saml.js'
export type { FaultSettings, Faults, Nonsense } from './faults.js'
export type { RotateKeysOptions, SignTokenOptions } from './keys.js'
export type { OpenidClient } from './openid/clients.js'
export type { LogoutDelivery } from './openid/notices.js'
export type { LogoutTokenRequest, Openid, Participant } from './openid/openid.js'
export type { OpenidOptions } from './openid/options.js'
export type { RefreshAnswerShape } from './options.js'
export type { PartnerTokenProblem } from './partner/judge-token.js'
export type { PartnerOptions, PartnerUser } from './partner/options.js'
export type { Partner, PartnerLogin, PartnerLoginOutcome } from './partner/partner.js'
export type { PartnerKey } from './partner/public-key.js'
export { defaultPeople, type EmulatedPerson, type SecondFactor } from './people.js'
export type { TokenRequest } from './person-tokens.js'
export type { SamlDelivery } from './saml/deliveries.js'
export type {
  AnswerDraft,
  AssertionDraft,
  LogoutRequestDraft,
  MessageHead,
  SamlNameId,
} from './saml/drafts.js'
export type { RollOverStep } from './saml/keys.js'
export type { SamlAddresses } from './saml/metadata.js'
export type { NameIdFormat, SamlBinding } from './saml/names.js'
export type {
  AssertionEncryption,
  SamlLogoutUrls,
  SamlOptions,
  SamlServiceProvider,
  SamlServiceProviderMetadata,
} from './saml/options.js'
export type {
  SamlLogoutRequestOrder,
  SamlLogoutResponseOrder,
  SamlResponseOrder,
} from './saml/orders.js'
export type { SamlMessage } from './saml/outgoing.js'
export type { SamlProblem } from './saml/refusal.js'
export type { SamlRefused } from './saml/refusals.js'
export type { Saml, SamlParticipant } from './saml/saml.js'
export type { IdentitySession, Level } from './sessions.js'
export type { SmsMessage } from './sms-codes.js'
