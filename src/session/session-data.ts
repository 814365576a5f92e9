import { randomUUID } from 'node:crypto'
import type { TokenResponse } from '../browser/token-store-service.js'
import type { SessionSettings } from './settings.js'
import type { SessionRecord } from './session-store.js'

/** What a session's record holds as text. Instants are milliseconds, as `clock()` gives them. */
export interface SessionData {
  readonly tokens: TokenResponse
  /** When the access token is over. */
  readonly tokenEndsAt?: number | undefined
  /** When to get a new one. */
  readonly renewAt?: number | undefined
  /** Until when somebody is busy with that; nobody else spends the refresh token meanwhile. */
  readonly claimedUntil?: number | undefined
  /** When to ask an issuer again that could not be reached. */
  readonly retryAt?: number | undefined
}

/** Reads a record. */
export function dataOf(record: SessionRecord): SessionData {
  return JSON.parse(record.data) as SessionData
}

/** Makes a record; every one has a version of its own. */
export function recordOf(data: SessionData, expiresAt: Date): SessionRecord {
  return { version: randomUUID(), expiresAt, data: JSON.stringify(data) }
}

/** Notes when tokens that have just come are over, and when to replace them. */
export function freshData(
  answer: TokenResponse,
  { clock, refreshBefore }: Pick<SessionSettings, 'clock' | 'refreshBefore'>,
): SessionData {
  const tokens = readTokens(answer)
  const { expiresIn } = tokens
  if (expiresIn === undefined) return { tokens }
  const tokenEndsAt = clock() + expiresIn * 1000
  // A token that lives hardly longer than the buffer would otherwise be replaced at every request.
  const buffer = Math.min(refreshBefore, expiresIn / 5) * 1000
  return { tokens, tokenEndsAt, renewAt: tokenEndsAt - buffer }
}

// The last instant that a Date can hold, in seconds: a token that lives longer never ends.
const endOfTime = 8.64e12

/**
 * Reads what a sign-in or a refresh gave; members are named one by one.
 *
 * @throws TypeError when there is no access token.
 */
export function readTokens(answer: TokenResponse): TokenResponse {
  const { accessToken, tokenType, expiresIn, refreshToken } = answer
  if (typeof accessToken !== 'string' || accessToken === '') {
    throw new TypeError('A sign-in or refresh must give an "accessToken"')
  }
  const isKnown = typeof expiresIn === 'number' && expiresIn > 0 && expiresIn < endOfTime
  return {
    accessToken,
    tokenType,
    expiresIn: isKnown ? expiresIn : undefined,
    refreshToken: refreshToken === '' ? undefined : refreshToken,
  }
}

/** Gives the tokens of a session, with the lifetime that is left. */
export function tokensAt({ tokens, tokenEndsAt }: SessionData, now: number): TokenResponse {
  if (tokenEndsAt === undefined) return tokens
  return { ...tokens, expiresIn: Math.max(0, Math.floor((tokenEndsAt - now) / 1000)) }
}

/** Tells whether two answers are the same one; an issuer that does not rotate repeats its refresh token. */
export function isSame(one: TokenResponse, other: TokenResponse): boolean {
  return one.accessToken === other.accessToken && one.refreshToken === other.refreshToken
}

/** Reads the `exp` of a token that is a JWT, in seconds, without any check; nothing when it has none. */
export function expiryOf(accessToken: string): number | undefined {
  try {
    const payload = Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString()
    const { exp } = JSON.parse(payload) as { exp?: unknown }
    return typeof exp === 'number' ? exp : undefined
  } catch {
    return undefined
  }
}
