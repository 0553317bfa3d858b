/** @module Checks the metadata of a SAML identity provider, with the rules by which `saml({ … })` reads it. */
import type { KeyObject } from 'node:crypto'
import { isSecureAddress } from '../../outbound.js'
import type { IdentityProviderMetadata } from '../../saml/metadata.js'
import { type MetadataProblem, SamlMetadataError } from '../../saml/saml-error.js'
import { metadataLimits } from '../../saml/xml/gate.js'
import { type Probe, ProbeError } from '../probe.js'
import { createFindings, type Finding } from './finding.js'
import { judgeAddresses, judgeKeys, judgeValidity } from './saml-provider.js'
import type { SamlReader } from './saml-reader.js'
import { ask, explainSilence, type Visited } from './visits.js'

const { ok, fail, skipped } = createFindings('saml')

/** Where the metadata is: an address, or a file that was read already. */
export interface SamlRequest {
  /** The address or the path, as it was given. */
  readonly source: string
  /** The text of the file; `undefined`: `source` is an address. */
  readonly text: string | undefined
  /** The provider to find among several. */
  readonly entityId: string | undefined
  /** Keys of which one must have signed it; none: its signature is not looked at. */
  readonly pinned: readonly KeyObject[]
}

/** What was found, and what the other checks need of it. */
export interface SamlExamination {
  readonly findings: readonly Finding[]
  readonly metadata: IdentityProviderMetadata | undefined
  /** The answer that tells the provider's time. */
  readonly answer: Visited | undefined
}

/** The origin that has to be asked; none for a file, or where it would be asked without TLS. */
export function samlOrigins({ source, text }: SamlRequest): readonly string[] {
  return text === undefined && isSecureAddress(source) ? [new URL(source).origin] : []
}

/** What is said of a provider while nothing can read its documents. */
export const judgeReader = (target: string): Finding =>
  skipped('saml-reader', {
    target,
    reason: 'the package that reads XML is not installed',
    remedy: 'npm install xml-crypto',
  })

/** Fetches or takes the document, reads it, and says what it holds. */
export async function examineSaml(
  probe: Probe,
  request: SamlRequest,
  reader: SamlReader,
  now: number,
): Promise<SamlExamination> {
  const { source: target } = request
  const nothing = { metadata: undefined, answer: undefined }
  if (request.text !== undefined) {
    return { ...read(request.text, request, reader, now), answer: undefined }
  }
  if (!isSecureAddress(target)) {
    const finding = fail('saml-plain-http', {
      target,
      reason: 'is no https address: whoever is on the way could put keys of their own into the metadata',
      remedy: 'name an https address, or a file',
    })
    return { ...nothing, findings: [finding] }
  }
  const answer = await ask(probe, {
    url: target,
    headers: { accept: 'application/samlmetadata+xml, application/xml;q=0.9' },
    maximumBytes: metadataLimits.characters,
  })
  const silence = judgeSilence(answer, target)
  if (silence !== undefined || answer instanceof ProbeError) {
    return { metadata: undefined, answer, findings: silence === undefined ? [] : [silence] }
  }
  return { ...read(answer.body, request, reader, now), answer }
}

function judgeSilence(answer: Visited, target: string): Finding | undefined {
  if (answer instanceof ProbeError)
    return fail('saml-unreachable', { target, ...explainSilence(answer, target) })
  if (answer.isTruncated) {
    return fail('saml-too-large', {
      target,
      reason: 'the document is larger than 4 MiB, and no application would read it',
      remedy: "name the address of your provider's own metadata instead of a whole federation's",
    })
  }
  if (answer.status === 200) return undefined
  const location = answer.header('location')
  return fail('saml-status', {
    target,
    reason: `the answer is ${answer.status}${location === undefined ? '' : `, to ${location}`}, and only 200 brings metadata: redirects are not followed`,
    remedy: 'name the address at which the provider serves its metadata',
  })
}

const remedies: Readonly<Partial<Record<MetadataProblem, readonly [reason: string, remedy: string]>>> = {
  malformed: [
    'the document is no SAML metadata that an application would read',
    "fetch the provider's metadata anew and name that; a page of HTML is none",
  ],
  entity: [
    'it does not describe exactly one identity provider of that name',
    'name your provider by its entityID: --saml-entity, and identityProvider in saml({ … })',
  ],
  role: [
    'it describes no identity provider for SAML 2.0, or that provider twice',
    'name the metadata of the identity provider, not of an application: it has an IDPSSODescriptor for SAML 2.0',
  ],
  signature: [
    'it is not signed by the certificate that was given: somebody else may have written it',
    'compare the fingerprint with the provider by another way; after a roll-over name its new certificate too, in metadataCertificates of saml({ … })',
  ],
  'no-usable-key': [
    'it holds no certificate by which signatures could be verified',
    'have the provider publish its signing certificate: RSA of 2048 bits or more, or a curve of NIST',
  ],
  endpoint: [
    'it names no address to sign in at',
    'have the provider publish a SingleSignOnService by redirect or POST',
  ],
}

function read(
  text: string,
  { source: target, text: file, entityId, pinned }: SamlRequest,
  reader: SamlReader,
  now: number,
): Pick<SamlExamination, 'findings' | 'metadata'> {
  const insecure: string[] = []
  try {
    const metadata = reader.readMetadata(text, {
      entityId,
      pinned,
      // What has expired, and what lies without TLS, is said below, beside everything else.
      now: Number.NEGATIVE_INFINITY,
      isAllowed: (url) => isSecureAddress(url) || insecure.push(url) > 0,
    })
    return {
      metadata,
      findings: [
        ok('saml-metadata', {
          target,
          reason: `describes ${metadata.entityId}${pinned.length === 0 ? '' : ', signed as it must be'}`,
        }),
        judgeValidity(metadata, { target, isFile: file !== undefined, now }),
        judgeKeys(metadata, target, now),
        ...judgeAddresses(metadata, insecure, target),
      ],
    }
  } catch (error) {
    if (!(error instanceof SamlMetadataError)) throw error
    const [reason, remedy] = remedies[error.problem] ?? [error.message, 'have the provider correct it']
    return { metadata: undefined, findings: [fail(`saml-${error.problem}`, { target, reason, remedy })] }
  }
}

/** The addresses to which a sign-in may lead. */
export const signOnAddresses = (metadata: IdentityProviderMetadata | undefined): readonly string[] =>
  (metadata?.signOn ?? []).map(({ location }) => location)
