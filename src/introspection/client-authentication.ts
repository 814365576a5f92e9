import { ConfigurationError } from '../core/errors.js'
import { kindOf, readFunction, readText } from '../core/option-checks.js'
import { placeholderFault } from '../core/keys/placeholder.js'
import { andThen, type MaybePromise } from '../internal/maybe-promise.js'

/** What is to be authenticated: one call of the endpoint. */
export interface ClientAuthenticationRequest {
  /** The address that is about to be called. */
  readonly endpoint: string
}

/** What makes a call this API's own. */
export interface ClientAuthentication {
  /** Headers to add, such as `Authorization`. */
  readonly headers?: RequestInit['headers'] | undefined
  /** Parameters to add to the form, such as `client_assertion`. */
  readonly body?: Readonly<Record<string, string>> | URLSearchParams | undefined
  /** Makes the call, with a client certificate for instance. */
  readonly fetch?: typeof globalThis.fetch | undefined
}

/** Authenticates each call: with `private_key_jwt`, a certificate (mTLS) or a bearer token. */
export type ClientAuthenticator = (
  request: ClientAuthenticationRequest,
) => MaybePromise<ClientAuthentication>

/** Who we are to the endpoint. */
export interface Credentials {
  readonly clientId?: string | undefined
  readonly clientSecret?: string | undefined
  readonly clientAuthentication?:
    'client_secret_basic' | 'client_secret_post' | ClientAuthenticator | undefined
}

/**
 * Reads how calls are authenticated (RFC 7662 section 2.1: they must be).
 *
 * @throws {@link ConfigurationError} when nothing would; the secret is never quoted.
 */
export function resolveAuthentication(given: Credentials): ClientAuthenticator {
  const { clientAuthentication = 'client_secret_basic' } = given
  const clientId = readText(given.clientId, 'clientId')
  if (clientId === undefined) {
    throw new ConfigurationError(
      '"clientId" is missing: the endpoint must know who asks (RFC 7662 section 2.1); set it to the name of this API at the issuer',
    )
  }
  if (typeof clientAuthentication === 'function') return checked(clientAuthentication)
  const client = { clientId, clientSecret: readSecret(given.clientSecret) }
  switch (clientAuthentication) {
    case 'client_secret_basic': {
      const authentication = { headers: { Authorization: basic(client) } }
      return () => authentication
    }
    case 'client_secret_post': {
      const authentication = {
        body: { client_id: client.clientId, client_secret: client.clientSecret },
      }
      return () => authentication
    }
    default:
      throw new ConfigurationError(
        `"clientAuthentication" must be "client_secret_basic", "client_secret_post" or a function, got ${kindOf(clientAuthentication)}`,
      )
  }
}

function readSecret(secret: unknown): string {
  if (secret === undefined) {
    throw new ConfigurationError(
      '"clientSecret" is missing; is its environment variable set? Or set "clientAuthentication" to a function that authenticates the call in another way',
    )
  }
  if (typeof secret !== 'string' || secret.trim() === '') {
    throw new ConfigurationError(`"clientSecret" must be a non-empty string, got ${kindOf(secret)}`)
  }
  const fault = placeholderFault(Buffer.from(secret))
  if (fault !== undefined) throw new ConfigurationError(`"clientSecret" cannot be used: ${fault}`)
  return secret
}

// RFC 6749 section 2.3.1: both are form-encoded first, so that a ":" in one of them stays there.
function basic({ clientId, clientSecret }: { clientId: string; clientSecret: string }): string {
  const credentials = `${formEncode(clientId)}:${formEncode(clientSecret)}`
  return `Basic ${Buffer.from(credentials).toString('base64')}`
}

function formEncode(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1)
}

function checked(authenticate: ClientAuthenticator): ClientAuthenticator {
  return (request) =>
    andThen(authenticate(request), (authentication: unknown) => {
      if (typeof authentication !== 'object' || authentication === null) {
        throw new ConfigurationError(
          `"clientAuthentication" must return an object with "headers", "body" or "fetch", got ${kindOf(authentication)}`,
        )
      }
      readFunction((authentication as ClientAuthentication).fetch, 'clientAuthentication().fetch')
      return authentication
    })
}
