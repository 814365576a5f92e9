import { shownAddress } from '../../internal/shown-address.js'
import { withoutSlash } from '../../internal/without-slash.js'
import { fetchDocument, UnusableDocumentError, type Backchannel } from './fetch-document.js'

/** Where an issuer's keys are found: one of these. */
export interface MetadataSource {
  readonly authority?: string | undefined
  readonly metadataAddress?: string | undefined
  readonly jwksUri?: string | undefined
}

/** What an issuer publishes. */
export interface PublishedKeys {
  /** Nothing when only a key set was asked for. */
  readonly issuer: string | undefined
  readonly keys: readonly unknown[]
  /** Where the key set was found. */
  readonly address: string
}

/**
 * Fetches the metadata, unless the address of the key set is known, and the key set.
 *
 * @throws when one of them cannot be had or cannot be trusted.
 */
export async function fetchPublishedKeys(
  source: MetadataSource,
  backchannel: Backchannel,
  signal: AbortSignal,
): Promise<PublishedKeys> {
  const { issuer, jwksUri } = await locateKeys(source, backchannel, signal)
  const { keys } = await fetchDocument(jwksUri, backchannel, signal)
  if (!Array.isArray(keys)) {
    throw new UnusableDocumentError(`${shownAddress(jwksUri)} holds no "keys"`)
  }
  return { issuer, keys, address: jwksUri }
}

async function locateKeys(
  source: MetadataSource,
  backchannel: Backchannel,
  signal: AbortSignal,
): Promise<{ issuer: string | undefined; jwksUri: string }> {
  if (source.jwksUri !== undefined) return { issuer: undefined, jwksUri: source.jwksUri }
  const { issuer, document } = await fetchIssuerMetadata(source, backchannel, signal)
  const { jwks_uri: jwksUri } = document
  if (typeof jwksUri !== 'string') {
    throw new UnusableDocumentError('the metadata names no "jwks_uri"')
  }
  return { issuer, jwksUri }
}

/**
 * Fetches the metadata of an issuer.
 *
 * @throws when it cannot be had, or is that of another issuer.
 */
export async function fetchIssuerMetadata(
  source: MetadataSource,
  backchannel: Backchannel,
  signal: AbortSignal,
): Promise<{ issuer: string; document: Record<string, unknown> }> {
  const document = await fetchMetadata(source, backchannel, signal)
  const { issuer } = document
  if (typeof issuer !== 'string') {
    throw new UnusableDocumentError('the metadata names no "issuer"')
  }
  const { authority } = source
  // RFC 8414 section 3.3: a document for another issuer must not be used.
  if (authority !== undefined && withoutSlash(issuer) !== withoutSlash(authority)) {
    throw new UnusableDocumentError(
      `the metadata of ${authority} names the issuer ${shownAddress(issuer)}`,
    )
  }
  return { issuer, document }
}

async function fetchMetadata(
  { authority, metadataAddress }: MetadataSource,
  backchannel: Backchannel,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  if (metadataAddress !== undefined) return fetchDocument(metadataAddress, backchannel, signal)
  const faults: string[] = []
  for (const address of wellKnownAddresses(authority as string)) {
    try {
      return await fetchDocument(address, backchannel, signal)
    } catch (error) {
      // A server in trouble, or none, would have the next address cost as much time for nothing.
      if (!(error instanceof UnusableDocumentError)) throw error
      faults.push(error.message)
    }
  }
  throw new UnusableDocumentError(faults.join('; '))
}

// OpenID Connect Discovery section 4, then RFC 8414 sections 3 and 5: its own name, then that of OpenID Connect
// with the path behind it.
function wellKnownAddresses(authority: string): ReadonlySet<string> {
  const base = withoutSlash(authority)
  const { origin, pathname } = new URL(base)
  const path = withoutSlash(pathname)
  return new Set([
    `${base}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
  ])
}
