import type { Configuration } from 'openid-client'
import { ConfigurationError } from '../core/errors.js'
import { readSeconds } from '../core/option-checks.js'
import { readRetryAfter } from '../internal/retry-after.js'
import {
  TokenRequestError,
  type TokenClient,
  type TokenEndpointResponse,
  type TokenParameters,
} from './token-client.js'

/**
 * Lets the token manager speak to the issuer through `openid-client`: its discovery, client
 * authentication and `fetch` settings hold for refreshes, revocations and client credentials too.
 *
 * @param config - What `discovery()` of `openid-client` 6 returns. Its `timeout` limits each request.
 * @throws {@link ConfigurationError} when `config.timeout` is switched off, because a request
 * without an end would hold up everybody who waits for its token.
 *
 * @example
 * ```ts
 * const config = await client.discovery(new URL('https://issuer.example'), 'web', secret)
 * const tokens = createTokenManager({ client: openidClient(config) })
 * ```
 */
export function openidClient(config: Configuration): TokenClient {
  const { timeout } = config
  if (timeout === undefined || !(timeout > 0)) {
    throw new ConfigurationError('"config.timeout" must be a positive number of seconds')
  }
  readSeconds(timeout, 'config.timeout', 0, 300)
  // Loaded at the first request, so that the entry also works where the optional peer is missing.
  const protocol = () => import('openid-client')
  return {
    timeout,
    refresh: (refreshToken, parameters) =>
      asTokenRequest(async () =>
        (await protocol())
          .refreshTokenGrant(config, refreshToken, formOf(parameters))
          .catch(withoutLifetime),
      ),
    clientCredentials: (parameters) =>
      asTokenRequest(async () =>
        (await protocol())
          .clientCredentialsGrant(config, formOf(parameters))
          .catch(withoutLifetime),
      ),
    revoke: (refreshToken) =>
      asTokenRequest(async () => {
        if (config.serverMetadata().revocation_endpoint === undefined) return
        const { tokenRevocation } = await protocol()
        await tokenRevocation(config, refreshToken, { token_type_hint: 'refresh_token' })
      }),
  }
}

function formOf({ scope, resource }: TokenParameters): Record<string, string> {
  return { ...(scope !== undefined && { scope }), ...(resource !== undefined && { resource }) }
}

// openid-client's errors carry the response and the request's context: only their codes go on.
async function asTokenRequest<T>(send: () => Promise<T>): Promise<T> {
  try {
    return await send()
  } catch (error) {
    const response = responseOf(error)
    const retryAfter = readRetryAfter(response?.headers.get('Retry-After'), Date.now())
    // RFC 6749 section 5.2: 401 is the answer to a client that is not known, and a challenge hides its code.
    const hidden = response?.status === 401 ? 'invalid_client' : undefined
    await response?.body?.cancel().catch(() => undefined)
    throw new TokenRequestError({
      oauthError: oauthErrorOf(error) ?? hidden,
      status: response?.status ?? (isAboutAnAnswer(error) ? 200 : undefined),
      retryAfter,
    })
  }
}

interface ProtocolError {
  readonly code?: unknown
  readonly error?: unknown
  readonly response?: unknown
  readonly cause?: unknown
}

function responseOf(error: unknown): Response | undefined {
  const { response, cause } = error as ProtocolError
  return [response, cause].find((value) => value instanceof Response)
}

// An answer that is no token response says nothing about the issuer as a whole; no answer at all does.
function isAboutAnAnswer(error: unknown): boolean {
  const { code } = error as ProtocolError
  return typeof code === 'string' && /^OAUTH_(?!TIMEOUT|ABORT)/.test(code)
}

// openid-client refuses an answer whose "expires_in" is no number, after the issuer has spent the refresh
// token. Such a token is one of unknown lifetime; everything else was checked before or is text.
function withoutLifetime(error: unknown): TokenEndpointResponse {
  const { cause } = error as ProtocolError
  const { body } = ((cause as ProtocolError | undefined)?.cause ?? {}) as {
    readonly body?: unknown
  }
  const { expires_in: lifetime, ...response } = (body ?? {}) as Partial<TokenEndpointResponse>
  const seconds = Number.parseFloat(String(lifetime))
  const isNumber = Number.isFinite(seconds) && seconds >= 0
  const { access_token: token = '', token_type: type } = response
  const isToken = token !== '' && (type === 'bearer' || type === 'dpop')
  if (lifetime === undefined || isNumber || !isToken) throw error
  return response as TokenEndpointResponse
}

// Codes are short words; anything else an issuer writes there stays out of events and errors.
function oauthErrorOf(error: unknown): string | undefined {
  const { error: code } = error as ProtocolError
  return typeof code === 'string' && /^[a-z_]{1,40}$/.test(code) ? code : undefined
}
