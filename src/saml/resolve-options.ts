/** @module Resolves the options of `saml({ … })`: everything wrong at once. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import type { Environment } from '../config/environment.js'
import { insteadOfSaml } from '../config/foreign-options.js'
import { type PlugInOptions, resolvedOf } from '../config/plug-in-options.js'
import { problemOfName, rootFor } from '../config/provider-name.js'
import { type ReadOptions, readOptions } from '../config/read-options.js'
import { isProduction } from '../config/resolve.js'
import { factorClaims, untrustedOf } from '../config/trusted-claims.js'
import { isSecureAddress } from '../outbound.js'
import { isStrongKey } from './algorithms.js'
import type { Assertion } from './assertion.js'
import { readCertificate } from './certificate.js'
import { readMetadata } from './metadata.js'
import { defaultContextLevels, type SamlKey } from './option-kinds.js'
import { type ResolvedSamlKey, type ResolvedSamlOptions, type SamlOptions, samlOptions } from './options.js'
import { SamlMetadataError } from './saml-error.js'

type Read = ReadOptions<typeof samlOptions>

/** Reads the options: what is not given in code is read from `CITIZEN_SAML_…`. */
export function readSamlOptions(
  options: SamlOptions,
  environment: Environment,
): PlugInOptions<ResolvedSamlOptions> {
  const surroundings = { isProduction: isProduction(environment) }
  const read = readOptions(samlOptions, options, {
    root: rootFor('saml', options),
    environment,
    surroundings,
    instead: insteadOfSaml,
  })
  const keys = readKeys(read)
  checkSource(read)
  const nameProblem = problemOfName(read.get('name'), samlOptions)
  if (nameProblem !== undefined) read.note('name', nameProblem)
  const { problems, variables } = read
  const [key] = keys
  const isGood = problems.length === 0 && key !== undefined
  return { problems, variables, resolved: isGood ? complete(read, key, keys) : undefined }
}

/**
 * Resolves the options.
 * @throws ConfigurationError (`configuration`) with every problem, and the nearest name for each unknown key.
 */
export function resolveSamlOptions(options: SamlOptions, environment: Environment): ResolvedSamlOptions {
  return resolvedOf(readSamlOptions(options, environment))
}

function readKeys({ get, note }: Read): readonly ResolvedSamlKey[] {
  const [privateKey, certificate] = [get('privateKey'), get('certificate')]
  const own = privateKey === undefined || certificate === undefined ? [] : [{ privateKey, certificate }]
  const others = (get('otherKeys') ?? []).map((key, index) => ({ key, path: `otherKeys.${index}` }))
  return [...own.map((key) => ({ key, path: 'privateKey' })), ...others].flatMap(({ key, path }) => {
    const read = readKey(key)
    if (typeof read !== 'string') return [read]
    note(path, read)
    return []
  })
}

/** The key, or what is wrong with it. */
function readKey(pair: SamlKey): ResolvedSamlKey | string {
  let privateKey: KeyObject
  let publicKey: KeyObject
  try {
    // A file may begin with a byte order mark, which is a blank to JavaScript and none to the library.
    privateKey = createPrivateKey(pair.privateKey.trim())
    publicKey = createPublicKey(privateKey)
  } catch {
    // What the library says might hold a piece of the key.
    return 'write a private key in PEM that is not encrypted'
  }
  if (!isStrongKey(publicKey)) return 'write an RSA key of 2048 bits or more, or one on a NIST curve'
  const certificate = readCertificate(pair.certificate)
  if (certificate === undefined) return 'its certificate cannot be read: write it in PEM'
  if (!certificate.publicKey.equals(publicKey)) return 'is another key than that of the certificate'
  return { privateKey, certificate }
}

/** One source of metadata, and one that can be read. */
function checkSource({ get, isGiven, note }: Read): void {
  if (isGiven('metadata') === isGiven('metadataUrl')) {
    note('metadataUrl', 'write the address of the metadata, or its text as metadata, and not both')
    return
  }
  const [metadata, identityProvider] = [get('metadata'), get('identityProvider')]
  if (metadata === undefined || identityProvider === undefined) return
  try {
    readMetadata(metadata, {
      entityId: identityProvider,
      pinned: pinnedOf(get('metadataCertificates')),
      // Whether it is still valid is asked with every message, by the suite's clock.
      now: 0,
      isAllowed: isSecureAddress,
    })
  } catch (error) {
    if (!(error instanceof SamlMetadataError)) throw error
    note('metadata', `cannot be used: ${error.explanation}`)
  }
}

function pinnedOf(certificates: readonly string[] | undefined): readonly KeyObject[] {
  return (certificates ?? []).flatMap((text) => readCertificate(text)?.publicKey ?? [])
}

/** The keys that are ready take the place of their texts; the rest are defaults that follow from something else. */
function complete(read: Read, key: ResolvedSamlKey, keys: readonly ResolvedSamlKey[]): ResolvedSamlOptions {
  const { privateKey, certificate, otherKeys, decryption, metadataCertificates, ...given } = read.assemble()
  return {
    ...given,
    pinned: pinnedOf(metadataCertificates),
    key,
    keys,
    invitesEncryption: decryption === true,
    decryptionKeys: decryption === false ? [] : keys.map((each) => each.privateKey),
    untrustedClaims: untrustedOf(factorClaims, given.trustedClaims),
    contextLevels: given.contextLevels ?? defaultContextLevels,
    claims: given.claims ?? attributesOf,
  }
}

function attributesOf({ attributes }: Assertion): Readonly<Record<string, unknown>> {
  return { attributes: Object.fromEntries(attributes) }
}
