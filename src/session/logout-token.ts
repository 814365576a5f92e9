import type { Request, Response } from '../core/express.js'
import type { JwtClaims } from '../core/claims-principal.js'
import { TokenMalformedError, TokenTypeInvalidError } from '../core/token-errors.js'
import { parseToken } from '../core/validation/parse-token.js'
import { validateToken } from '../core/validation/validate-token.js'
import { nothingConfirmed } from '../core/walk.js'
import { sha256 } from '../internal/sha256.js'
import type { LogoutSettings } from './logout-options.js'

/** A logout token that has passed every check. */
export interface LogoutToken {
  readonly sid: string | undefined
  readonly sub: string | undefined
  /** A NumericDate, in seconds. */
  readonly issuedAt: number
  /** A NumericDate, in seconds. */
  readonly expiresAt: number
  /** A name that this token shares with no other one, however it is sent. */
  readonly name: string
}

const longestToken = 16_384
const event = 'http://schemas.openid.net/event/backchannel-logout'

// OpenID Connect Back-Channel Logout 1.0 section 2.4, and what issuers write that are older than it.
const acceptedTypes = /^(?:application\/)?(?:logout\+jwt|jwt)$/i

/**
 * Checks a logout token (OpenID Connect Back-Channel Logout 1.0 section 2.6).
 *
 * @throws a `TokenError` when it is none of ours, `MetadataUnavailableError` when nobody can tell.
 */
export async function readLogoutToken(
  raw: string,
  { req, res }: { readonly req: Request; readonly res: Response },
  { validation, clockSkew, clock }: LogoutSettings,
): Promise<LogoutToken> {
  const parsed = parseToken(raw, longestToken)
  const { typ } = parsed.header as { readonly typ?: unknown }
  if (typ !== undefined && (typeof typ !== 'string' || !acceptedTypes.test(typ))) {
    throw new TokenTypeInvalidError()
  }
  const walk = {
    ...{ req, res, scheme: 'backchannel-logout', options: {}, credentials: undefined },
    ...{ confirmations: nothingConfirmed, isNonceEnding: false },
  }
  const { payload } = await validateToken(parsed, validation, walk)
  const { iat } = payload
  // Written so that a clock that gives no number lets no token in.
  if (iat === undefined || !(iat <= clock() / 1000 + clockSkew)) throw new TokenMalformedError()
  if (!isLogout(payload)) throw new TokenMalformedError()
  return {
    sid: payload.sid,
    sub: payload.sub,
    issuedAt: iat,
    expiresAt: payload.exp as number,
    name: nameOf(payload.iss as string, payload.jti),
  }
}

type LogoutClaims = JwtClaims & { readonly sid?: string; readonly jti: string }

// Section 2.4. A "nonce" would make an ID token of it, which browsers carry about.
function isLogout(payload: JwtClaims): payload is LogoutClaims {
  const { events, jti, sid, sub } = payload as Readonly<Record<string, unknown>>
  return (
    isObject(events) &&
    isObject(events[event]) &&
    !Object.hasOwn(payload, 'nonce') &&
    isName(jti) &&
    (sid === undefined || isName(sid)) &&
    (sub === undefined || isName(sub)) &&
    (sid ?? sub) !== undefined
  )
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function nameOf(issuer: string, jti: string): string {
  return sha256(JSON.stringify(['logout', issuer, jti]))
}
