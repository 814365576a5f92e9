import type { TokenResponse } from '../browser/token-store-service.js'
import type { Request } from '../core/express.js'
import type { SessionStore } from './session-store.js'

/** What {@link createSession} accepts. */
export interface SessionOptions {
  /**
   * Signs a user in: checks what the login form sent, here or at a remote API.
   *
   * @remarks Give nothing for every kind of refusal, and take the same time for an unknown user as for a
   * wrong password: the caller is only told that it failed. A throw means that nobody could tell, and so
   * does an answer that takes longer than 10 s; the signal fires then.
   */
  login: (
    credentials: unknown,
    req: Request,
    signal: AbortSignal,
  ) => Promise<TokenResponse | null | undefined> | TokenResponse | null | undefined
  /**
   * Gets new tokens for a refresh token; nothing when the issuer refuses it for good, which ends the
   * session. A throw means that the issuer could not be asked and ends nothing.
   *
   * @remarks It gets 10 s, after which the signal fires and nobody waits any longer. Tokens that come later
   * still become the session's.
   */
  refresh?:
    | ((refreshToken: string, signal: AbortSignal) => Promise<TokenResponse | null | undefined>)
    | undefined
  /**
   * Revokes the tokens of a session that has ended. What it throws changes nothing.
   *
   * @remarks A sign-out waits for it for a second at most; it gets 10 s, after which the signal fires.
   */
  logout?: ((tokens: TokenResponse, signal: AbortSignal) => Promise<unknown>) | undefined
  /**
   * What the sign-in cookie holds: a random session id, or the access token itself. A refresh token is
   * not kept then, so the sign-in ends with its token.
   *
   * @remarks With `'token'` a sign-out ends the session in the browser alone: whoever copied the cookie
   * keeps a token that works until it expires. A token that does not fit into a cookie is an error.
   *
   * @defaultValue `'id'`
   */
  cookieContent?: 'id' | 'token' | undefined
  /**
   * Name of the sign-in cookie, behind its `__Host-Http-` prefix.
   *
   * @defaultValue `'session'`
   */
  cookieName?: string | undefined
  /**
   * When the browser leaves the cookie out. With `'strict'` a link from another site arrives signed out.
   *
   * @defaultValue `'lax'`
   */
  sameSite?: 'lax' | 'strict' | undefined
  /**
   * Sets the cookie without `Secure` and without its prefix, for browsers that refuse such cookies on
   * `http://localhost`. Refused in production.
   *
   * @remarks Anyone on the way can read the cookie and act as the user, and other hosts of the same
   * domain can plant one of their own.
   *
   * @defaultValue `false`
   */
  insecureCookie?: boolean | undefined
  /**
   * Seconds after which a user has to sign in again, whatever was refreshed meanwhile.
   *
   * @defaultValue `1209600` (14 days)
   */
  maxAge?: number | undefined
  /**
   * Seconds before its end at which an access token is replaced; at most a fifth of its lifetime.
   *
   * @defaultValue `60`
   */
  refreshBefore?: number | undefined
  /**
   * Where sessions are kept; by default in the memory of this process.
   *
   * @remarks A store that has not answered after 5 s counts as down: guards answer 503, public pages go on.
   */
  store?: SessionStore | undefined
  /**
   * Other origins whose pages may send requests that change something.
   *
   * @remarks A page of such an origin can do anything in the name of a signed-in visitor.
   *
   * @defaultValue `[]`
   */
  trustedOrigins?: readonly string[] | undefined
  /**
   * Claims that pages may see besides the user's id, e-mail, names and roles.
   *
   * @defaultValue `[]`
   */
  claims?: readonly string[] | undefined
  /**
   * Whether the state in a page holds the access token.
   *
   * @remarks Anything that can read the page, a browser extension or an injected script, can then act as the user elsewhere.
   *
   * @defaultValue `false`
   */
  exposeAccessToken?: boolean | undefined
  /**
   * The time in milliseconds.
   *
   * @defaultValue `Date.now`
   */
  clock?: (() => number) | undefined
}
