import type { TokenResponse } from '../browser/token-store-service.js'
import { ConfigurationError } from '../errors.js'
import type { Request } from '../express.js'
import {
  checkNames,
  readFlag,
  readFunction,
  readList,
  readSeconds,
  readText,
  show,
} from '../option-checks.js'
import { memorySessionStore, type SessionStore } from './session-store.js'

/** What {@link createSession} accepts. */
export interface SessionOptions {
  /**
   * Signs a user in: checks what the login form sent, here or at a remote API.
   *
   * @remarks Give nothing for every kind of refusal, and take the same time for an unknown user as for a
   * wrong password: the caller is only told that it failed. A throw means that nobody could tell.
   */
  login: (
    credentials: unknown,
    req: Request,
  ) => Promise<TokenResponse | undefined> | TokenResponse | undefined
  /**
   * Gets new tokens for a refresh token; nothing when the issuer refuses it for good, which ends the
   * session. A throw means that the issuer could not be asked and ends nothing.
   */
  refresh?:
    ((refreshToken: string, signal: AbortSignal) => Promise<TokenResponse | undefined>) | undefined
  /** Revokes the tokens of a session that has ended. Runs after the sign-out; what it throws changes nothing. */
  logout?: ((tokens: TokenResponse, signal: AbortSignal) => Promise<unknown>) | undefined
  /**
   * What the sign-in cookie holds: a random session id, or the access token itself, which the browser
   * then sends along for as long as it is good; a refresh token is not kept then.
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
  /** Where sessions are kept; by default in the memory of this process. */
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

/** The options, complete and checked. */
export interface SessionSettings {
  readonly login: SessionOptions['login']
  readonly refresh: SessionOptions['refresh']
  readonly logout: SessionOptions['logout']
  readonly keepsToken: boolean
  readonly cookieName: string
  readonly sameSite: 'Lax' | 'Strict'
  readonly secure: boolean
  readonly maxAge: number
  readonly refreshBefore: number
  readonly store: SessionStore
  readonly trustedOrigins: readonly string[]
  readonly claims: readonly string[]
  readonly exposeAccessToken: boolean
  readonly clock: () => number
}

const names: { readonly [Name in keyof Required<SessionOptions>]: true } = {
  login: true,
  refresh: true,
  logout: true,
  cookieContent: true,
  cookieName: true,
  sameSite: true,
  insecureCookie: true,
  maxAge: true,
  refreshBefore: true,
  store: true,
  trustedOrigins: true,
  claims: true,
  exposeAccessToken: true,
  clock: true,
}

// RFC 6265 section 4.1.1: a cookie's name is an HTTP token.
const cookieToken = /^[\w!#$%&'*+\-.^`|~]+$/

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {@link ConfigurationError} when they could not work or would not be safe.
 */
export function resolveSession(options: SessionOptions): SessionSettings {
  checkNames(options, Object.keys(names), 'the options of createSession()')
  const isProduction = process.env['NODE_ENV'] === 'production'
  const secure = !readFlag(options.insecureCookie, 'insecureCookie', false)
  if (!secure && isProduction) {
    throw new ConfigurationError(
      '"insecureCookie" is for development: it must not be set in production',
    )
  }
  const cookieName = readText(options.cookieName, 'cookieName') ?? 'session'
  if (!cookieToken.test(cookieName)) {
    throw new ConfigurationError(`"cookieName" must be a cookie name, got ${show(cookieName)}`)
  }
  if (readFunction(options.login, 'login') === undefined) {
    throw new ConfigurationError('"login" must be a function, got undefined')
  }
  const keepsToken = oneOf(options.cookieContent, 'cookieContent', ['id', 'token']) === 'token'
  const clock = readFunction(options.clock, 'clock') ?? Date.now
  if (options.store === undefined && !keepsToken && isProduction) warnAboutMemory()
  return Object.freeze({
    login: options.login,
    refresh: readFunction(options.refresh, 'refresh'),
    logout: readFunction(options.logout, 'logout'),
    keepsToken,
    cookieName: secure ? `__Host-Http-${cookieName}` : cookieName,
    sameSite: oneOf(options.sameSite, 'sameSite', ['lax', 'strict']) === 'lax' ? 'Lax' : 'Strict',
    secure,
    maxAge: readSeconds(options.maxAge, 'maxAge', 14 * 24 * 3600),
    refreshBefore: readSeconds(options.refreshBefore, 'refreshBefore', 60),
    store: options.store ?? memorySessionStore({ clock }),
    trustedOrigins: readOrigins(options.trustedOrigins),
    claims: readList(options.claims, 'claims'),
    exposeAccessToken: readFlag(options.exposeAccessToken, 'exposeAccessToken', false),
    clock,
  })
}

function oneOf(value: unknown, name: string, known: readonly [string, string]): string {
  if (value === undefined) return known[0]
  if (known.includes(value as string)) return value as string
  throw new ConfigurationError(`"${name}" must be '${known.join("' or '")}', got ${show(value)}`)
}

/** Reads a list of origins, such as `https://app.example`. */
export function readOrigins(value: unknown): readonly string[] {
  return readList(value, 'trustedOrigins').map((text) => {
    if (URL.canParse(text) && new URL(text).origin === text) return text
    throw new ConfigurationError(
      `"trustedOrigins" must hold origins such as "https://app.example", got ${show(text)}`,
    )
  })
}

let hasWarned = false

function warnAboutMemory(): void {
  if (hasWarned) return
  hasWarned = true
  process.emitWarning(
    'Sessions are kept in the memory of this process: a restart signs everybody out, and a second process knows nothing of them. Give createSession() a "store".',
    { code: 'EXPRESS_JWT_BEARER_MEMORY_SESSIONS' },
  )
}
