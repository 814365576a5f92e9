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
  if (!Array.isArray(keys)) throw new UnusableDocumentError(`${jwksUri} holds no "keys"`)
  return { issuer, keys }
}

async function locateKeys(
  source: MetadataSource,
  backchannel: Backchannel,
  signal: AbortSignal,
): Promise<{ issuer: string | undefined; jwksUri: string }> {
  if (source.jwksUri !== undefined) return { issuer: undefined, jwksUri: source.jwksUri }
  const { issuer, jwks_uri: jwksUri } = await fetchMetadata(source, backchannel, signal)
  if (typeof issuer !== 'string' || typeof jwksUri !== 'string') {
    throw new UnusableDocumentError('the metadata names no "issuer" or no "jwks_uri"')
  }
  const { authority } = source
  // RFC 8414 section 3.3: a document for another issuer must not be used.
  if (authority !== undefined && withoutSlash(issuer) !== withoutSlash(authority)) {
    throw new UnusableDocumentError(`the metadata of ${authority} names the issuer ${issuer}`)
  }
  return { issuer, jwksUri }
}

async function fetchMetadata(
  { authority, metadataAddress }: MetadataSource,
  backchannel: Backchannel,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  if (metadataAddress !== undefined) return fetchDocument(metadataAddress, backchannel, signal)
  const [openid, oauth] = wellKnownAddresses(authority as string)
  try {
    return await fetchDocument(openid, backchannel, signal)
  } catch (error) {
    if (!(error instanceof UnusableDocumentError)) throw error
    return fetchDocument(oauth, backchannel, signal).catch(() => {
      throw error
    })
  }
}

// OpenID Connect Discovery section 4, then RFC 8414 section 3.
function wellKnownAddresses(authority: string): readonly [openid: string, oauth: string] {
  const base = withoutSlash(authority)
  const { origin, pathname } = new URL(base)
  return [
    `${base}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${withoutSlash(pathname)}`,
  ]
}

/** Drops one `/` at the end. */
export function withoutSlash(text: string): string {
  return text.endsWith('/') ? text.slice(0, -1) : text
}
