import type { AccessTokenResult } from './access-token-result.js'
import type { TokenClient, TokenEndpointResponse, TokenParameters } from './token-client.js'
import type { TokenEvent, TokenEventHandler } from './token-events.js'
import type { UserTokenStore } from './user-token-store.js'
import type { UserKey } from './user-token.js'

/** What {@link createTokenManager} accepts. */
export interface TokenManagerOptions {
  /** Talks to the issuer; see `openidClient()`. */
  client: TokenClient
  /**
   * Keeps the users' tokens. More than one process needs a store that all of them share.
   *
   * @defaultValue `createMemoryUserTokenStore()`
   */
  store?: UserTokenStore | undefined
  /**
   * How many seconds before its expiration a token is renewed; never more than a fifth of its lifetime.
   *
   * @defaultValue `60`
   */
  buffer?: number | undefined
  /** Receives what happens to tokens, for metrics and logs. */
  onEvent?: TokenEventHandler | undefined
  /**
   * The time in milliseconds since the epoch.
   *
   * @defaultValue `Date.now`
   */
  clock?: (() => number) | undefined
}

/** What a question for an access token may say. */
export interface AccessTokenOptions extends TokenParameters {
  /**
   * Whether to ask the issuer even though the token at hand still works.
   *
   * @defaultValue `false`
   */
  forceRenewal?: boolean | undefined
  /** The token that an API has refused. Is renewed, unless somebody has done so since. */
  rejectedToken?: string | undefined
  /** Stops the waiting of this caller. A refresh under way goes on for everybody else. */
  signal?: AbortSignal | undefined
}

/** Keeps the tokens of signed-in users and renews them by itself. */
export interface TokenManager {
  /**
   * Stores what a sign-in brought, in place of the session's earlier tokens.
   *
   * @throws `TypeError` when the key names nobody, or the response holds no access token.
   * @throws {@link TokenUnavailableError} when the store cannot be reached.
   */
  storeTokens(user: UserKey, tokens: TokenEndpointResponse): Promise<void>
  /**
   * Takes the outcome of a sign-in as `openid-client` returns it and stores it under the ID token's `sub`.
   *
   * @returns The key under which the tokens are found from now on.
   * @throws `TypeError` when there is no ID token and no `subject`, or no access token.
   * @throws {@link TokenUnavailableError} when the store cannot be reached.
   */
  onTokens(tokens: SignInTokens, session: SignInSession): Promise<UserKey>
  /**
   * Answers with an access token that works now, renewed where needed.
   *
   * @returns The token, or the reason why there is none. Rejects when `signal` is aborted.
   * @throws `TypeError` when the key names nobody.
   */
  getAccessToken(user: UserKey, options?: AccessTokenOptions): Promise<AccessTokenResult>
  /** Answers with an access token of the application itself, for calls without a user. */
  getClientAccessToken(options?: AccessTokenOptions): Promise<AccessTokenResult>
  /**
   * Forgets a session's tokens and tells the issuer. An issuer that does not answer holds up nobody for long.
   *
   * A refresh under way is not waited for: what it brings is revoked as well.
   *
   * @returns The session's ID token, as `id_token_hint` for a sign-out at the issuer.
   * @throws {@link TokenUnavailableError} when the store cannot be reached: then the tokens are still there.
   */
  signOut(user: UserKey): Promise<{ idToken: string | undefined }>
  /** Receives what happens to tokens; for whatever uses the manager, such as `createUserFetch()`. */
  readonly onEvent: (event: TokenEvent) => void
}

/** A token response that may know the claims of its ID token, as `openid-client` returns it. */
export interface SignInTokens extends TokenEndpointResponse {
  claims?(): { readonly sub: string } | undefined
}

/** Says where the tokens of a sign-in belong. */
export interface SignInSession {
  /** The session that has signed in. */
  readonly sessionId: string
  /**
   * The user.
   *
   * @defaultValue the ID token's `sub`
   */
  readonly subject?: string | undefined
}
