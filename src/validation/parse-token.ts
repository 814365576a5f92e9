import { TokenMalformedError } from '../errors.js'
import type { JwtHeader } from '../events.js'
import type { JwtClaims } from '../principal.js'

/** A token taken apart; nothing in it is trusted yet. */
export interface ParsedToken {
  readonly raw: string
  readonly header: JwtHeader
  /** The encoded payload, read once the signature holds. */
  readonly encodedPayload: string
  /** The text that was signed (RFC 7515 section 5.1). */
  readonly signed: string
  readonly signature: Buffer
}

// RFC 7515 section 3.1, compact serialisation: BASE64URL(header) "." BASE64URL(payload) "." BASE64URL(signature).
// Base64url without padding (RFC 7515 section 2); the signature's unused bits must be zero (RFC 4648 section 3.5),
// so that no second spelling of one token exists.
const compact =
  /^(?<header>[\w-]+)\.(?<payload>[\w-]+)\.(?:[\w-]{4})*(?:[\w-][AQgw]|[\w-]{2}[AEIMQUYcgkosw048])?$/

/**
 * Takes a token apart.
 *
 * @throws {@link TokenMalformedError} when it is not a signed JWT in compact form, is longer than
 * `maxLength` characters or names a critical extension (RFC 7515 section 4.1.11).
 */
export function parseToken(raw: string, maxLength: number): ParsedToken {
  if (raw.length > maxLength) throw new TokenMalformedError()
  const parts = compact.exec(raw)?.groups as { header: string; payload: string } | undefined
  if (parts === undefined) throw new TokenMalformedError()
  const header = parseObject(parts.header) as JwtHeader
  if (typeof header.alg !== 'string' || !understandsCritical(header))
    throw new TokenMalformedError()
  const end = parts.header.length + 1 + parts.payload.length
  return {
    raw,
    header,
    encodedPayload: parts.payload,
    signed: raw.slice(0, end),
    signature: Buffer.from(raw.slice(end + 1), 'base64url'),
  }
}

/**
 * Reads the claims of a token.
 *
 * @throws {@link TokenMalformedError} when they are no JSON object, or `exp`, `nbf` or `iat` is no
 * finite number (RFC 7519 section 2).
 */
export function parsePayload(encoded: string): JwtClaims {
  const claims = parseObject(encoded) as JwtClaims
  for (const instant of [claims.exp, claims.nbf, claims.iat]) {
    if (instant !== undefined && !Number.isFinite(instant)) throw new TokenMalformedError()
  }
  return claims
}

/** Reads the `iss` of a token whose signature nobody has checked; only good for finding out who should. */
export function unverifiedIssuer({ encodedPayload }: ParsedToken): string | undefined {
  const { iss } = parseObject(encodedPayload) as JwtClaims
  return typeof iss === 'string' ? iss : undefined
}

function parseObject(encoded: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(encoded, 'base64url').toString())
  } catch {
    throw new TokenMalformedError()
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TokenMalformedError()
  }
  return value
}

// RFC 7797 section 6 lets a token say with "crit" that its payload is encoded as ever.
function understandsCritical(header: JwtHeader): boolean {
  if (!Object.hasOwn(header, 'crit')) return true
  const names = header['crit']
  return (
    Array.isArray(names) &&
    names.length > 0 &&
    names.every((name) => name === 'b64') &&
    header['b64'] === true
  )
}
