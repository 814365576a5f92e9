/** Every `code` of a {@link TokenUnavailableError}. */
export type TokenUnavailableCode =
  | 'no_session'
  | 'refresh_rejected'
  | 'refresh_unavailable'
  | 'store_unavailable'
  | 'origin_not_allowed'

const messages: Record<TokenUnavailableCode, string> = {
  no_session: 'There are no tokens for this session; sign in again',
  refresh_rejected: 'The issuer gives no token for this session any more; sign in again',
  refresh_unavailable: 'The issuer cannot be reached for a new token; try again later',
  store_unavailable: 'The token store cannot be reached; try again later',
  origin_not_allowed: 'The origin is not among "allowedOrigins", so that no token is sent there',
}

/** What is known about the cause beyond its code. */
export interface TokenUnavailableDetails {
  readonly oauthError?: string | undefined
  readonly retryAfter?: number | undefined
}

/**
 * Reports that no access token can be had, and by its `code` what to do about it.
 *
 * @remarks
 * - `no_session`: nobody is signed in under this key. Send the user to the sign-in.
 * - `refresh_rejected`: the token is over and the issuer refuses another one. Send the user to the sign-in.
 *   For a token of the application itself, the message says what to set right.
 * - `refresh_unavailable`: the issuer does not answer; the session is kept. Try again after `retryAfter`.
 * - `store_unavailable`: the store does not answer; nothing is lost. Try again.
 * - `origin_not_allowed`: the request went elsewhere than the API; a mistake of the program.
 *
 * Holds no token, no claim and no response.
 */
export class TokenUnavailableError extends Error {
  /** Names the cause; stable across versions. */
  readonly code: TokenUnavailableCode
  /** The issuer's OAuth error code, such as `invalid_grant`, where it sent one. */
  readonly oauthError: string | undefined
  /** Seconds until another attempt makes sense, where that is known. */
  readonly retryAfter: number | undefined

  constructor(
    code: TokenUnavailableCode,
    details: TokenUnavailableDetails = {},
    message: string = messages[code],
  ) {
    super(message)
    this.name = 'TokenUnavailableError'
    this.code = code
    this.oauthError = details.oauthError
    this.retryAfter = details.retryAfter
  }
}
