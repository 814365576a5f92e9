import type { TokenEndpointResponse, TokenParameters } from './token-client.js'
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

/** Reads an answer of the token endpoint that arrived at `now`. */
export function readResponse(response: TokenEndpointResponse, now: number): AccessToken {
  const { expires_in: lifetime } = response
  return {
    accessToken: response.access_token,
    accessTokenType: response.token_type,
    expiration: lifetime === undefined ? undefined : new Date(now + lifetime * 1000),
    issuedAt: new Date(now),
    scope: response.scope,
  }
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
    refreshToken: response.refresh_token ?? old.refreshToken,
    idToken: response.id_token ?? old.idToken,
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
