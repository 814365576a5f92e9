import { ConfigurationError } from '../core/errors.js'
import {
  checkMethods,
  checkNames,
  readClock,
  readFlag,
  readFunction,
  readList,
  readSeconds,
  readText,
  requireFunction,
  show,
} from '../core/option-checks.js'
import type { SessionOptions } from './options.js'
import { limitStore } from './limited-store.js'
import { memorySessionStore, type SessionStore } from './session-store.js'

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

const day = 86_400

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
  requireFunction(options.login, 'login')
  const keepsToken = oneOf(options.cookieContent, 'cookieContent', ['id', 'token']) === 'token'
  const clock = readClock(options.clock)
  const { store = memorySessionStore({ clock }) } = options
  checkMethods(store, 'store', ['get', 'set', 'replace', 'delete'])
  if (options.store === undefined && !keepsToken && isProduction) warnAboutMemory()
  return Object.freeze({
    login: options.login,
    refresh: readFunction(options.refresh, 'refresh'),
    logout: readFunction(options.logout, 'logout'),
    keepsToken,
    cookieName: secure ? `__Host-Http-${cookieName}` : cookieName,
    sameSite: oneOf(options.sameSite, 'sameSite', ['lax', 'strict']) === 'lax' ? 'Lax' : 'Strict',
    secure,
    maxAge: readSeconds(options.maxAge, 'maxAge', 14 * day, 400 * day),
    refreshBefore: readSeconds(options.refreshBefore, 'refreshBefore', 60, day),
    store: options.store === undefined ? store : limitStore(store),
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
