/** The parts of a token endpoint's answer that are used, as RFC 6749 and `openid-client` name them. */
export interface TokenEndpointResponse {
  readonly access_token: string
  readonly token_type?: string | undefined
  /** Lifetime in seconds. */
  readonly expires_in?: number | undefined
  readonly refresh_token?: string | undefined
  readonly scope?: string | undefined
  readonly id_token?: string | undefined
}

/** What an access token is asked for. */
export interface TokenParameters {
  /** The scopes, separated by spaces. Without it, those of the sign-in. */
  readonly scope?: string | undefined
  /** The API the token is for (RFC 8707). */
  readonly resource?: string | undefined
}

/**
 * Talks to the issuer's token endpoint. `openidClient()` makes one of an `openid-client`
 * configuration; write another one only for an issuer that speaks no OAuth.
 *
 * @remarks Every method must settle by itself within `timeout`, and report failures as {@link TokenRequestError}.
 */
export interface TokenClient {
  /** Seconds that a request may take. */
  readonly timeout: number
  /** Exchanges a refresh token. */
  refresh(refreshToken: string, parameters: TokenParameters): Promise<TokenEndpointResponse>
  /** Gets a token for the application itself. */
  clientCredentials(parameters: TokenParameters): Promise<TokenEndpointResponse>
  /** Revokes a refresh token. */
  revoke(refreshToken: string): Promise<void>
}

/** Reports that the token endpoint gave no token. Holds nothing of the request or the response but their codes. */
export class TokenRequestError extends Error {
  /** The OAuth error code, if the issuer answered with one. Without it, the issuer counts as unreachable. */
  readonly oauthError: string | undefined
  /** The HTTP status, if there was an answer. */
  readonly status: number | undefined
  /** Seconds from the answer's `Retry-After`. */
  readonly retryAfter: number | undefined

  constructor(
    details: {
      oauthError?: string | undefined
      status?: number | undefined
      retryAfter?: number | undefined
    } = {},
  ) {
    super('The token endpoint gave no token')
    this.name = 'TokenRequestError'
    this.oauthError = details.oauthError
    this.status = details.status
    this.retryAfter = details.retryAfter
  }
}

/** Takes whatever a client throws for an issuer that cannot be reached, unless it says more. */
export function asTokenRequestError(error: unknown): TokenRequestError {
  return error instanceof TokenRequestError ? error : new TokenRequestError()
}
