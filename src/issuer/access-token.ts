import { randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import type { TokenIssuerSettings } from './options.js'
import type { RefreshFamily } from './refresh-store.js'

/** What an access token says about the session it belongs to. */
export type TokenSession = Pick<RefreshFamily, 'id' | 'subject' | 'clientId'> & {
  /** How many seconds the session still lasts; no token outlives it. */
  readonly remaining: number
}

/** An access token with its lifetime in seconds. */
export interface AccessToken {
  readonly accessToken: string
  readonly expiresIn: number
}

const reserved = ['iss', 'aud', 'sub', 'client_id', 'iat', 'nbf', 'exp', 'jti', 'sid']

/** Refuses claims that are the issuer's to set. */
export function checkClaims(claims: Readonly<Record<string, unknown>>): void {
  const name = reserved.find((claim) => Object.hasOwn(claims, claim))
  if (name !== undefined) throw new TypeError(`The claim "${name}" is set by the issuer`)
}

/** Signs an access token in the profile of RFC 9068. */
export async function createAccessToken(
  settings: TokenIssuerSettings,
  session: TokenSession,
  claims: Readonly<Record<string, unknown>>,
): Promise<AccessToken> {
  const { accessTokenLifetime, accessTokenJitter, audience, keys, clock } = settings
  const { kid, algorithm, key } = await keys.signer()
  const now = clock() / 1000
  const lifetime = accessTokenLifetime * (1 - Math.random() * accessTokenJitter)
  const iat = Math.floor(now)
  const exp = Math.max(iat + 1, Math.floor(now + Math.min(lifetime, session.remaining)))
  const accessToken = await new SignJWT({
    ...claims,
    iss: settings.issuer,
    aud: audience.length === 1 ? audience[0] : [...audience],
    sub: session.subject,
    client_id: session.clientId,
    iat,
    exp,
    jti: randomUUID(),
    sid: session.id,
  })
    .setProtectedHeader({ alg: algorithm, typ: 'at+jwt', ...(kid === undefined ? {} : { kid }) })
    .sign(key)
  return { accessToken, expiresIn: exp - iat }
}
