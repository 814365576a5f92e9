import {
  TokenRequestError,
  type TokenEndpointResponse,
  type TokenParameters,
} from './token-client.js'
import type { AccessToken, UserToken } from './user-token.js'

/** Names what a token is asked for: equal names may share a token, others never do. */
export function nameOfParameters({ scope, resource }: TokenParameters): string {
  if (scope === undefined && resource === undefined) return ''
  const scopes = [...new Set(scope?.split(' ').filter(Boolean))].sort().join(' ')
  return JSON.stringify([scopes, resource ?? null])
}

/** Finds the access token for these parameters among a session's tokens. */
export function findAccessToken(token: UserToken, name: string): AccessToken | undefined {
  if (name === '') return token
  const others = token.accessTokens ?? {}
  return Object.hasOwn(others, name) ? others[name] : undefined
}

/**
 * Reads an answer of the token endpoint that arrived at `now`.
 *
 * @throws {@link TokenRequestError} when there is no token in it.
 */
export function readResponse(response: TokenEndpointResponse, now: number): AccessToken {
  const { access_token: accessToken } = (response as TokenEndpointResponse | undefined) ?? {}
  // An answer, though a useless one: it says nothing about the next.
  if (!isText(accessToken)) throw new TokenRequestError({ status: 200 })
  return {
    accessToken,
    accessTokenType: textOf(response.token_type),
    expiration: endOf(response.expires_in, now),
    issuedAt: new Date(now),
    scope: textOf(response.scope),
  }
}

/**
 * Reads what a sign-in brought.
 *
 * @throws `TypeError` when there is no token in it, so that no session begins without one.
 */
export function readSignIn(response: TokenEndpointResponse, now: number): UserToken {
  if (!isText((response as TokenEndpointResponse | undefined)?.access_token)) {
    throw new TypeError('The tokens of a sign-in need an "access_token", a non-empty text')
  }
  return {
    ...readResponse(response, now),
    refreshToken: textOf(response.refresh_token),
    idToken: textOf(response.id_token),
  }
}

// The latest instant that a Date holds, ECMA-262 section 21.4.1.1.
const endOfTime = 8.64e15

// RFC 6749 section 5.1 asks for seconds. Nothing and what is no lifetime is unknown; beyond the end of
// time a token does not expire. Both are used until an API refuses them.
function endOf(lifetime: unknown, now: number): Date | undefined {
  if (typeof lifetime !== 'number' || !(lifetime > 0)) return undefined
  const instant = now + lifetime * 1000
  return instant <= endOfTime ? new Date(instant) : undefined
}

/** Puts a renewed access token into a session's tokens. What the issuer left out stays as it was. */
export function withRenewed(
  old: UserToken,
  response: TokenEndpointResponse,
  name: string,
  now: number,
): UserToken {
  const fresh = readResponse(response, now)
  const previous = findAccessToken(old, name)
  const renewed = { ...fresh, scope: fresh.scope ?? previous?.scope }
  const shared = {
    refreshToken: textOf(response.refresh_token) ?? old.refreshToken,
    idToken: textOf(response.id_token) ?? old.idToken,
  }
  if (name === '') return { ...old, ...renewed, ...shared }
  return {
    ...old,
    ...shared,
    accessTokens: { ...aliveOnes(old.accessTokens, now), [name]: renewed },
  }
}

function aliveOnes(
  tokens: Readonly<Record<string, AccessToken>> = {},
  now: number,
): Record<string, AccessToken> {
  return Object.fromEntries(Object.entries(tokens).filter(([, token]) => isAlive(token, now)))
}

/** Whether a token still works. An unknown expiration counts as never: the API will say. */
export function isAlive({ expiration }: AccessToken, now: number): boolean {
  return expiration === undefined || now < expiration.getTime()
}

/**
 * Whether a token works for long enough. The buffer shrinks to a fifth of a short lifetime, or else
 * a token that lives no longer than the buffer would be renewed at every call.
 */
export function isFresh(token: AccessToken, buffer: number, now: number): boolean {
  const { expiration, issuedAt } = token
  if (expiration === undefined) return true
  const lifetime = issuedAt ? (expiration.getTime() - issuedAt.getTime()) / 1000 : Infinity
  return now < expiration.getTime() - Math.min(buffer, lifetime / 5) * 1000
}

/** Reads what a store gave, whoever wrote it: no member of it can trip the one who uses it. */
export function readStored(stored: unknown): UserToken | undefined {
  const access = readAccessToken(stored)
  if (access === undefined) return undefined
  const { refreshToken, idToken, accessTokens } = stored as Record<string, unknown>
  const token = { ...access, refreshToken: textOf(refreshToken), idToken: textOf(idToken) }
  const others = Object.entries(accessTokens ?? {})
    .map(([name, other]) => [name, readAccessToken(other)] as const)
    .filter((entry): entry is readonly [string, AccessToken] => entry[1] !== undefined)
  return others.length === 0 ? token : { ...token, accessTokens: Object.fromEntries(others) }
}

function readAccessToken(stored: unknown): AccessToken | undefined {
  const token = (stored ?? {}) as Record<keyof AccessToken, unknown>
  if (!isText(token.accessToken)) return undefined
  return {
    accessToken: token.accessToken,
    accessTokenType: textOf(token.accessTokenType),
    expiration: instantOf(token.expiration),
    issuedAt: instantOf(token.issuedAt),
    scope: textOf(token.scope),
  }
}

/** Names the content of a record: equal names for equal tokens, however a store arranges them. */
export function contentOf({ accessToken, refreshToken, accessTokens = {} }: UserToken): string {
  const others = Object.entries(accessTokens).map(([name, other]) => [name, other.accessToken])
  return JSON.stringify([accessToken, refreshToken, others.sort()])
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function textOf(value: unknown): string | undefined {
  return isText(value) ? value : undefined
}

function instantOf(value: unknown): Date | undefined {
  return value instanceof Date && !Number.isNaN(value.getTime()) ? value : undefined
}
