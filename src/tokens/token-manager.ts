import { ConfigurationError } from '../core/errors.js'
import {
  checkMethods,
  checkNames,
  readClock,
  readFunction,
  readSeconds,
} from '../core/option-checks.js'
import { fail, type AccessTokenResult } from './access-token-result.js'
import { createBackOff } from './back-off.js'
import { createClientTokens } from './client-tokens.js'
import { fingerprint } from './fingerprint.js'
import { guardStore } from './guarded-store.js'
import { createMemoryUserTokenStore } from './memory-user-token-store.js'
import { createRevocation } from './revocation.js'
import { untilAborted } from './single-flight.js'
import type { TokenClient, TokenEndpointResponse, TokenParameters } from './token-client.js'
import { quietly, type TokenEvent, type TokenEventHandler } from './token-events.js'
import { createSignOut } from './sign-out.js'
import { readSignIn } from './token-record.js'
import { TokenUnavailableError } from './token-unavailable-error.js'
import type { UserTokenStore } from './user-token-store.js'
import { checkUserKey, type UserKey } from './user-token.js'
import { createUserTokens } from './user-tokens.js'

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

const optionNames = ['client', 'store', 'buffer', 'onEvent', 'clock']

/**
 * Creates the keeper of user tokens: whoever asks gets a token that works, and never thinks of its expiry.
 *
 * However many callers ask at once, in however many processes over one store, the issuer is asked
 * once. An issuer that is away signs nobody out.
 *
 * @throws {@link ConfigurationError} when an option is wrong.
 *
 * @example After the sign-in with openid-client
 * ```ts
 * const manager = createTokenManager({ client: openidClient(config) })
 *
 * const tokens = await client.authorizationCodeGrant(config, callbackUrl, checks)
 * const user = await manager.onTokens(tokens, { sessionId: req.sessionID })
 *
 * const result = await manager.getAccessToken(user)
 * if (result.kind === 'failure') return res.redirect('/login')
 * ```
 */
export function createTokenManager(options: TokenManagerOptions): TokenManager {
  checkNames(options, optionNames, 'the token manager options')
  const { client, store: given = createMemoryUserTokenStore() } = options
  if (typeof (client as Partial<TokenClient> | undefined)?.refresh !== 'function') {
    throw new ConfigurationError('"client" must be a token client; make one with openidClient()')
  }
  checkMethods(client, 'client', ['refresh', 'clientCredentials', 'revoke'])
  checkMethods(given, 'store', ['storeToken', 'getToken', 'clearToken'], ['lock'])
  const clock = readClock(options.clock)
  const onEvent = quietly(readFunction(options.onEvent, 'onEvent'))
  const timeout = Number.isFinite(client.timeout) ? client.timeout : 30
  const revoke = createRevocation(client, timeout, onEvent)
  const store = guardStore(given, onEvent, revoke)
  const settings = {
    client,
    timeout,
    store,
    revoke,
    backOff: createBackOff(clock),
    buffer: readSeconds(options.buffer, 'buffer', 60, 86_400),
    clock,
    onEvent,
  }
  const answerUser = createUserTokens(settings)
  const answerClient = createClientTokens(settings)

  async function storeTokens(user: UserKey, tokens: TokenEndpointResponse): Promise<void> {
    checkUserKey(user)
    await store.store(user, readSignIn(tokens, clock()))
  }

  return {
    storeTokens,
    async onTokens(tokens, { sessionId, subject = tokens.claims?.()?.sub }) {
      if (subject === undefined) throw new TypeError('"subject" is needed without an ID token')
      const user = { subject, sessionId }
      await storeTokens(user, tokens)
      return user
    },
    async getAccessToken(
      user,
      { scope, resource, forceRenewal = false, rejectedToken, signal } = {},
    ) {
      checkUserKey(user)
      const question = { user, parameters: { scope, resource }, refused: rejectedToken }
      const answer = answerUser({ ...question, forceRenewal }).catch((error: unknown) => {
        if (!(error instanceof TokenUnavailableError)) throw error
        const id = fingerprint(user)
        onEvent({ kind: 'tokenFailed', user: id, code: error.code, terminal: false })
        return fail(error)
      })
      return untilAborted(answer, signal)
    },
    getClientAccessToken({ scope, resource, forceRenewal = false, rejectedToken, signal } = {}) {
      const answer = answerClient({ scope, resource }, rejectedToken, forceRenewal)
      return untilAborted(answer, signal)
    },
    signOut: createSignOut(settings),
    onEvent,
  }
}
