import { ConfigurationError } from '../core/errors.js'
import { writtenAddressFault } from '../core/keys/address.js'
import { UnusableDocumentError } from '../core/keys/fetch-document.js'
import { fetchIssuerMetadata } from '../core/keys/metadata.js'
import { isAhead, isOver, nextOutage, unavailable, type Outage } from '../core/keys/outage.js'
import { withTimeLimit } from '../core/keys/time-limit.js'
import type { IntrospectionSurroundings } from '../core/token-introspection.js'
import type { MaybePromise } from '../internal/maybe-promise.js'
import { shownAddress } from '../internal/shown-address.js'

/** Where to ask. */
export interface Endpoint {
  readonly address: string
  /** The issuer that the metadata names, where the metadata was needed. */
  readonly issuer: string | undefined
}

/** Finds out where to ask. */
export interface EndpointSource {
  /** Where to ask now; rejects with a `MetadataUnavailableError` when nobody knows. */
  current(): MaybePromise<Endpoint>
  /** Fetches if nothing is known yet, whatever happened before. */
  ready(): Promise<void>
}

/**
 * Takes the address from the options, or from the metadata.
 *
 * @throws {@link ConfigurationError} when there is neither, or the address is not safe.
 */
export function createEndpointSource(
  configured: string | undefined,
  around: IntrospectionSurroundings,
): EndpointSource {
  if (configured !== undefined) {
    const fault = writtenAddressFault(configured) ?? endpointFault(configured, around.requireHttps)
    if (fault !== undefined) {
      throw new ConfigurationError(
        `"introspectionEndpoint" ${fault}, got ${JSON.stringify(shownAddress(configured))}`,
      )
    }
    const endpoint = { address: configured, issuer: undefined }
    if (!around.needsIssuer) return { current: () => endpoint, ready: () => Promise.resolve() }
  }
  if ((around.authority ?? around.metadataAddress) === undefined) {
    throw new ConfigurationError(
      '"introspectionEndpoint" is missing, and there is no metadata to find it in; set it, or "authority" or "metadataAddress" of the scheme',
    )
  }
  return publishedEndpoint(configured, around)
}

function endpointFault(address: string, requireHttps: boolean): string | undefined {
  if (!URL.canParse(address)) return 'is not a URL'
  const { protocol, username, password } = new URL(address)
  if (username !== '' || password !== '') {
    return 'holds a user name or password; use "clientId" and "clientSecret"'
  }
  if (protocol === 'https:' || (protocol === 'http:' && !requireHttps)) return undefined
  return protocol === 'http:'
    ? 'is not https:, so this API\'s secret and its callers\' tokens would go out in the clear; use https:, or set "requireHttpsMetadata" to false on your own machine'
    : 'is neither https: nor http:'
}

// Fetched when first needed, refreshed in the background when old; the old address serves on meanwhile.
function publishedEndpoint(
  configured: string | undefined,
  around: IntrospectionSurroundings,
): EndpointSource {
  const { authority, metadataAddress, fetch, requireHttps, clock } = around
  const address = shownAddress((authority ?? metadataAddress) as string)
  let known: (Endpoint & { readonly since: number }) | undefined
  let outage: Outage | undefined
  let refreshing: Promise<Endpoint> | undefined

  async function load(): Promise<Endpoint> {
    try {
      const { issuer, document } = await withTimeLimit(around.backchannelTimeout, (signal) =>
        fetchIssuerMetadata({ authority, metadataAddress }, { fetch, requireHttps }, signal),
      )
      const found = configured ?? endpointIn(document, address, requireHttps)
      known = { address: found, issuer, since: clock() }
      outage = undefined
      return known
    } catch (cause) {
      const serves = known !== undefined
      outage = nextOutage(outage, {
        ...{ cause, address, asked: address, serves, now: clock() },
        what: 'metadata',
      })
      throw outage.error
    }
  }

  function refresh(): Promise<Endpoint> {
    refreshing ??= load().finally(() => {
      refreshing = undefined
    })
    return refreshing
  }

  return {
    current() {
      const now = clock()
      const mayAsk = refreshing !== undefined || outage === undefined || isOver(outage, now)
      if (known === undefined) {
        if (outage === undefined || (mayAsk && !outage.hung)) return refresh()
        // Nobody waits once more for an issuer that has let somebody wait in vain.
        if (mayAsk) refresh().catch(() => undefined)
        throw unavailable(outage, now)
      }
      const isFresh = now < known.since + around.automaticRefreshInterval * 1000
      if ((!isFresh || isAhead(known.since, now)) && mayAsk) refresh().catch(() => undefined)
      return known
    },
    async ready() {
      if (known === undefined) await refresh()
    },
  }
}

function endpointIn(
  { introspection_endpoint: endpoint }: Record<string, unknown>,
  address: string,
  requireHttps: boolean,
): string {
  if (typeof endpoint !== 'string') {
    throw new UnusableDocumentError(
      `the metadata of ${address} names no "introspection_endpoint"; set "introspectionEndpoint"`,
    )
  }
  const fault = endpointFault(endpoint, requireHttps)
  if (fault === undefined) return endpoint
  throw new UnusableDocumentError(`the "introspection_endpoint" of ${address} ${fault}`)
}
