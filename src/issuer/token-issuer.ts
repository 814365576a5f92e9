import type { JWK } from 'jose'
import type { JwtBearerOptions } from '../core/authentication/options.js'
import { checkRevocation } from './check-revocation.js'
import { issueSession, type SessionOptions } from './issue-session.js'
import { resolveOptions, type TokenIssuerOptions } from './options.js'
import {
  refreshSession,
  type IssuedTokens,
  type RefreshOptions,
  type RefreshResult,
} from './refresh-session.js'
import type { RefreshFamily } from './refresh-store.js'
import { revokeSession, revokeSubject, revokeToken } from './revocation.js'
import { issuerRoutes, type IssuerRoutes } from './routes.js'
import { publicKeySet } from './signing-keys.js'

/** Issues tokens and takes them back. */
export interface TokenIssuer {
  /**
   * Starts a session: an access token and the first refresh token. Call it once the user has proved
   * who they are.
   *
   * @param subject - The `sub`: an id that never changes.
   * @param claims - Further claims of the access tokens, such as `roles`. Everybody who holds the token can read them.
   * @throws TypeError when the subject is empty or a claim is the issuer's to set.
   */
  issue(
    subject: string,
    claims?: Readonly<Record<string, unknown>>,
    options?: SessionOptions,
  ): Promise<IssuedTokens>
  /**
   * Exchanges a refresh token for a new pair. The presented token is spent, apart from repeated
   * requests within `reuseInterval`, which get the same successor.
   */
  refresh(token: string, options?: RefreshOptions): Promise<RefreshResult>
  /**
   * Revokes a token (RFC 7009): a refresh token with its whole session, an access token alone.
   * Unknown, expired and foreign tokens are no error.
   *
   * @param options - With `clientId`, tokens of other clients are left alone.
   * @throws {@link ConfigurationError} when a good access token comes and there is no deny list.
   */
  revoke(token: string, options?: { readonly clientId?: string | undefined }): Promise<void>
  /**
   * Ends a session by its `sid`. Whether the caller may do so is not checked: compare with
   * {@link TokenIssuer.sessions} first.
   */
  revokeSession(sessionId: string): Promise<void>
  /**
   * Signs a subject out everywhere. With a deny list, access tokens stop working at once too.
   *
   * @param options - `except` names a session that goes on: the caller's own.
   */
  revokeSubject(subject: string, options?: { readonly except?: string | undefined }): Promise<void>
  /** Lists the live sessions of a subject, oldest first. */
  sessions(subject: string): Promise<readonly RefreshFamily[]>
  /** The published key set, as it is now: public members alone, whatever the key ring gives. */
  jwks(): Promise<{ readonly keys: readonly JWK[] }>
  /**
   * A handler that publishes the discovery document and the key set, so that
   * `jwtBearer({ authority })` works elsewhere. Mount it at the path of the issuer's URL.
   */
  routes(): IssuerRoutes
  /**
   * What `jwtBearer()` needs to check the issuer's own tokens in the same process, without HTTP; with
   * a deny list it refuses revoked ones. Give `events` of your own and `checkRevocation` is yours to call.
   */
  bearerOptions(): JwtBearerOptions
  /** Forgets sessions that are over. Worth a call now and then, unless the store does it by itself. */
  prune(): Promise<number>
}

/**
 * Creates the issuing half: short-lived access tokens (RFC 9068), rotating refresh tokens and
 * revocation.
 *
 * @throws {@link ConfigurationError} when an option is wrong, at once.
 *
 * @example Sign in, refresh, sign out
 * ```ts
 * const issuer = createTokenIssuer({ issuer: 'https://issuer.example', audience: 'api://orders' })
 * app.use(issuer.routes())
 * app.use(jwtBearer(issuer.bearerOptions()))
 *
 * const tokens = await issuer.issue('alice', { roles: ['Admin'] })
 * const result = await issuer.refresh(tokens.refreshToken)
 * await issuer.revoke(tokens.refreshToken)
 * ```
 */
export function createTokenIssuer(options: TokenIssuerOptions): TokenIssuer {
  const settings = resolveOptions(options)
  const { issuer, audience, keys, store, denyList, clockSkew, clock, onEvent } = settings
  return {
    issue: (subject, claims, session) => issueSession(settings, subject, claims, session),
    refresh: (token, refreshOptions) => refreshSession(settings, token, refreshOptions),
    revoke: (token, { clientId } = {}) => revokeToken(settings, token, clientId),
    revokeSession: (sessionId) => revokeSession(settings, sessionId),
    revokeSubject: (subject, { except } = {}) => revokeSubject(settings, subject, except),
    sessions: (subject) => store.list(subject),
    jwks: async () => publicKeySet((await keys.jwks()).keys),
    routes: () => issuerRoutes(settings),
    bearerOptions: () => ({
      audience: [...audience],
      clock,
      tokenValidationParameters: {
        validIssuer: issuer,
        validTypes: ['at+jwt'],
        clockSkew,
        issuerSigningKeyResolver: async ({ kid }) => [...(await keys.verifiers(kid))],
      },
      ...(denyList && { events: { onTokenValidated: checkRevocation(denyList, { onEvent }) } }),
    }),
    prune: () => store.prune(settings.reuseInterval),
  }
}
