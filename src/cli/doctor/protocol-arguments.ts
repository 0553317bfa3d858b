/** @module The arguments that name providers of other protocols. */
import { readFile } from 'node:fs/promises'
import { parseUrl } from '../../parse-url.js'
import { readCertificate } from '../../saml/certificate.js'
import { usageError } from '../command.js'
import { codeOf } from '../environment.js'
import type { ProtocolRequest } from './providers.js'

/** The arguments as they were given. */
export interface ProtocolArguments {
  readonly 'openid-issuer'?: string | undefined
  readonly 'openid-origin'?: readonly string[] | undefined
  readonly 'openid-internal'?: string | undefined
  readonly 'saml-metadata'?: string | undefined
  readonly 'saml-entity'?: string | undefined
  readonly 'saml-certificate'?: string | undefined
}

/** An origin. @throws CitizenSessionError `usage` for anything more, or less. */
export function toOrigin(text: string, option = '--url'): string {
  const url = parseUrl(text)
  const isOrigin =
    url !== undefined &&
    /^https?:$/.test(url.protocol) &&
    url.pathname === '/' &&
    `${url.search}${url.hash}${url.username}${url.password}` === ''
  if (!isOrigin) throw usageError(`${option} must be an origin, such as https://benefits.example.gov`)
  return url.origin
}

/** Reads the arguments and the files that they name. @throws CitizenSessionError `usage` */
export async function readProtocolArguments(
  given: ProtocolArguments,
): Promise<Pick<ProtocolRequest, 'openid' | 'saml'>> {
  return { openid: openidOf(given), saml: await samlOf(given) }
}

function openidOf(given: ProtocolArguments): ProtocolRequest['openid'] {
  const issuer = given['openid-issuer']
  const internal = given['openid-internal']
  if (issuer === undefined) {
    for (const name of ['openid-origin', 'openid-internal'] as const) {
      if (given[name] !== undefined) throw usageError(`--${name} belongs to --openid-issuer`)
    }
    return undefined
  }
  if (parseUrl(issuer) === undefined || !/^https?:/i.test(issuer)) {
    throw usageError('--openid-issuer must be an address, such as https://id.example.gov')
  }
  return {
    issuer,
    endpointOrigins: (given['openid-origin'] ?? []).map((text) => toOrigin(text, '--openid-origin')),
    internalUrl: internal === undefined ? undefined : toOrigin(internal, '--openid-internal'),
  }
}

async function samlOf(given: ProtocolArguments): Promise<ProtocolRequest['saml']> {
  const source = given['saml-metadata']
  if (source === undefined) {
    for (const name of ['saml-entity', 'saml-certificate'] as const) {
      if (given[name] !== undefined) throw usageError(`--${name} belongs to --saml-metadata`)
    }
    return undefined
  }
  const isAddress = /^https?:\/\//i.test(source)
  if (isAddress && parseUrl(source) === undefined)
    throw usageError('--saml-metadata must be an address or a file')
  return {
    source,
    text: isAddress ? undefined : await readGiven('--saml-metadata', source),
    entityId: given['saml-entity'],
    pinned: await certificatesOf(given['saml-certificate']),
  }
}

async function certificatesOf(path: string | undefined) {
  if (path === undefined) return []
  const text = await readGiven('--saml-certificate', path)
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []
  const certificates = blocks.map(readCertificate)
  const keys = certificates.flatMap((certificate) => certificate?.publicKey ?? [])
  if (keys.length === 0 || keys.length < certificates.length) {
    throw usageError(
      `--saml-certificate: ${path} must hold certificates in PEM, of RSA of 2048 bits or more or EC`,
    )
  }
  return keys
}

async function readGiven(option: string, path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw usageError(`${option}: ${path} cannot be read (${codeOf(cause)})`, cause)
  })
}
