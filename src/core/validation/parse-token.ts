import { isUtf8 } from 'node:buffer'
import { TokenMalformedError } from '../token-errors.js'
import type { JwtHeader } from '../event-context.js'
import { LruMap } from '../../internal/lru-map.js'
import { freezeClaims } from '../../internal/frozen-claims.js'
import type { JwtClaims } from '../claims-principal.js'

/** A token taken apart; nothing in it is trusted yet. */
export interface ParsedToken {
  readonly raw: string
  readonly header: JwtHeader
  readonly encodedHeader: string
  /** The payload's bytes; what they say is read once the signature holds. */
  readonly payload: Buffer
  /** The encoded header and payload, which were signed as they stand here (RFC 7515 section 5.1). */
  readonly signed: string
  /** As it came: the one spelling of its bytes. */
  readonly signature: string
}

// An issuer writes the same few headers into all of its tokens. Only headers of good tokens get here.
const knownHeaders = new LruMap<string, JwtHeader>(100)

/** Spares the next token with the same header the decoding of it. */
export function rememberHeader({ encodedHeader, header }: ParsedToken): void {
  if (knownHeaders.get(encodedHeader) === undefined) {
    knownHeaders.set(encodedHeader, freezeClaims(header))
  }
}

/**
 * Takes a token apart (RFC 7515 section 7.1: header "." payload "." signature).
 *
 * @throws {@link TokenMalformedError} when it is not a signed JWT in compact form, is longer than
 * `maxLength` characters or names a critical extension (RFC 7515 section 4.1.11).
 */
export function parseToken(raw: string, maxLength: number): ParsedToken {
  if (raw.length > maxLength || !isBase64urlText(raw)) throw new TokenMalformedError()
  const first = raw.indexOf('.')
  const second = raw.indexOf('.', first + 1)
  if (first < 1 || second < first + 2 || raw.includes('.', second + 1))
    throw new TokenMalformedError()
  const encodedHeader = raw.slice(0, first)
  return {
    raw,
    header: knownHeaders.get(encodedHeader) ?? parseHeader(encodedHeader),
    encodedHeader,
    payload: decode(raw.slice(first + 1, second)),
    signed: raw.slice(0, second),
    signature: parseSignature(raw.slice(second + 1)),
  }
}

// RFC 4648 section 5. What the decoder skips shows in the length of what it gives; these it takes for letters:
// the two that stand for others in plain base64, and whatever is beyond ASCII, of which it looks at one byte.
function isBase64urlText(raw: string): boolean {
  return !raw.includes('+') && !raw.includes('/') && Buffer.byteLength(raw) === raw.length
}

function parseHeader(encoded: string): JwtHeader {
  const header = parseObject(decode(encoded))
  if (!isHeader(header)) throw new TokenMalformedError()
  return header
}

const base64urlAlphabet = /^[\w-]*$/

// By how many letters are left behind whole groups of four: one says less than a byte; of two and three the last has
// bits that belong to no byte, which are zero (RFC 4648 section 3.5).
const lastLetters = [undefined, '', 'AQgw', 'AEIMQUYcgkosw048'] as const

/** Tells whether a text is the one spelling of its bytes as base64url without padding. */
export function isCanonicalBase64url(text: string): boolean {
  const last = lastLetters[text.length % 4]
  return base64urlAlphabet.test(text) && (last === undefined || last.includes(text.slice(-1)))
}

// A second spelling of the same signature would be a second token to whoever remembers tokens as text.
function parseSignature(encoded: string): string {
  if (!isCanonicalBase64url(encoded)) throw new TokenMalformedError()
  return encoded
}

/**
 * Reads the claims of a token.
 *
 * @throws {@link TokenMalformedError} when they are no JSON object, or `exp`, `nbf` or `iat` is no
 * finite number (RFC 7519 section 2).
 */
export function parsePayload({ payload }: ParsedToken): JwtClaims {
  const claims = parseObject(payload) as JwtClaims
  checkInstants(claims)
  return claims
}

/**
 * Requires `exp`, `nbf` and `iat` to be finite numbers where they are there (RFC 7519 section 2).
 *
 * @throws {@link TokenMalformedError} when one of them is not.
 */
export function checkInstants({ exp, nbf, iat }: JwtClaims): void {
  if (!isInstant(exp) || !isInstant(nbf) || !isInstant(iat)) throw new TokenMalformedError()
}

function isInstant(value: unknown): boolean {
  return value === undefined || Number.isFinite(value)
}

/** Reads the `iss` of a token whose signature nobody has checked; only good for finding out who should. */
export function unverifiedIssuer({ payload }: ParsedToken): string | undefined {
  const { iss } = parseObject(payload) as JwtClaims
  return typeof iss === 'string' ? iss : undefined
}

function decode(encoded: string): Buffer {
  const bytes = Buffer.from(encoded, 'base64url')
  // The decoder skips characters outside the alphabet, which shows in what is left, and one that is too many.
  if (bytes.length !== Math.floor((encoded.length * 3) / 4) || encoded.length % 4 === 1) {
    throw new TokenMalformedError()
  }
  return bytes
}

/** Reads the decoded part of a token: well-formed JSON text that is an object. */
export function parseObject(bytes: Buffer): Record<string, unknown> {
  // RFC 7515 section 5.2: well-formed UTF-8, where decoding would quietly replace what is not.
  if (!isUtf8(bytes)) throw new TokenMalformedError()
  let value: unknown
  try {
    value = JSON.parse(bytes.toString())
  } catch {
    throw new TokenMalformedError()
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TokenMalformedError()
  }
  return value as Record<string, unknown>
}

function isHeader(header: Record<string, unknown>): header is JwtHeader {
  return typeof header['alg'] === 'string' && understandsCritical(header)
}

// RFC 7797 section 6 lets a token say with "crit" that its payload is encoded as ever.
function understandsCritical(header: Record<string, unknown>): boolean {
  if (!Object.hasOwn(header, 'crit')) return true
  const names = header['crit']
  return (
    Array.isArray(names) &&
    names.length > 0 &&
    names.every((name) => name === 'b64') &&
    header['b64'] === true
  )
}
