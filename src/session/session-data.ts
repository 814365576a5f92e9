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

/** What stays the same of a session, however often its tokens change. */
export type SessionFrame = Pick<SessionRecord, 'expiresAt' | 'openedAt' | 'sid' | 'sub'>

/** Makes a record; every one has a version of its own. */
export function recordOf(
  data: SessionData,
  { expiresAt, openedAt, sid, sub }: SessionFrame,
): SessionRecord {
  return {
    version: randomUUID(),
    expiresAt,
    openedAt,
    ...(sid !== undefined && { sid }),
    ...(sub !== undefined && { sub }),
    data: JSON.stringify(data),
  }
}

/** Reads the issuer's names for a session out of its tokens, without trust: from what was said, else from the tokens. */
export function namesOf(tokens: TokenResponse): Pick<SessionRecord, 'sid' | 'sub'> {
  const claims = [tokens, untrustedClaims(tokens.idToken), untrustedClaims(tokens.accessToken)]
  const find = (name: 'sid' | 'sub') =>
    claims.map((each) => (each as Record<string, unknown>)[name]).find(isName)
  return { sid: find('sid'), sub: find('sub') }
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
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
  const { accessToken, tokenType, expiresIn, refreshToken, sid, sub, idToken } = answer
  if (typeof accessToken !== 'string' || accessToken === '') {
    throw new TypeError('A sign-in or refresh must give an "accessToken"')
  }
  const isKnown = typeof expiresIn === 'number' && expiresIn > 0 && expiresIn < endOfTime
  return {
    accessToken,
    tokenType,
    expiresIn: isKnown ? expiresIn : undefined,
    refreshToken: refreshToken === '' ? undefined : refreshToken,
    sid,
    sub,
    idToken,
  }
}

/** Puts new tokens in the place of old ones. What an answer leaves out stays good (RFC 6749 section 6). */
export function replaceTokens(old: TokenResponse, answer: TokenResponse): TokenResponse {
  return {
    ...answer,
    refreshToken: answer.refreshToken ?? old.refreshToken,
    sid: answer.sid ?? old.sid,
    sub: answer.sub ?? old.sub,
    idToken: answer.idToken ?? old.idToken,
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
  const { exp } = untrustedClaims(accessToken)
  return typeof exp === 'number' ? exp : undefined
}

function untrustedClaims(token: unknown): Readonly<Record<string, unknown>> {
  try {
    const payload = Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString()
    return { ...(JSON.parse(payload) as object | null) }
  } catch {
    return {}
  }
}
