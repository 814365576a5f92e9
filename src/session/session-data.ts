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
  tokens: TokenResponse,
  { clock, refreshBefore }: Pick<SessionSettings, 'clock' | 'refreshBefore'>,
): SessionData {
  const { accessToken, tokenType, expiresIn, refreshToken } = tokens
  if (typeof accessToken !== 'string' || accessToken === '') {
    throw new TypeError('A sign-in or refresh must give an "accessToken"')
  }
  const kept = { accessToken, tokenType, expiresIn, refreshToken }
  if (expiresIn === undefined) return { tokens: kept }
  const now = clock()
  const tokenEndsAt = now + expiresIn * 1000
  // A token that lives hardly longer than the buffer would otherwise be replaced at every request.
  const buffer = Math.min(refreshBefore, expiresIn / 5) * 1000
  return { tokens: kept, tokenEndsAt, renewAt: tokenEndsAt - buffer }
}

/** Gives the tokens of a session, with the lifetime that is left. */
export function tokensAt({ tokens, tokenEndsAt }: SessionData, now: number): TokenResponse {
  if (tokenEndsAt === undefined) return tokens
  return { ...tokens, expiresIn: Math.max(0, Math.floor((tokenEndsAt - now) / 1000)) }
}
