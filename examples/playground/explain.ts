import { decodeJwt, decodeProtectedHeader } from 'jose'
import type { AuthError, ClaimsPrincipal } from 'express-jwt-bearer'
import type { TestIssuer } from 'express-jwt-bearer/testing'
import type { Need } from './orders.js'

interface Evidence {
  readonly error: AuthError
  readonly header: Record<string, unknown>
  readonly claims: Record<string, unknown>
  readonly issuer: TestIssuer
}

// What the API expects, and what the token says.
const explanations: Partial<Record<AuthError['code'], (evidence: Evidence) => string>> = {
  ERR_BEARER_REQUEST_INVALID: () =>
    'expected one token without spaces or quotes, the header holds something else',
  ERR_TOKEN_MALFORMED: () =>
    'expected three parts in base64url with JSON in the first two, this is something else',
  ERR_TOKEN_ALGORITHM_NOT_ALLOWED: ({ header, issuer }) =>
    `expected ${quote(issuer.jwks.keys.map(({ alg }) => alg))}, the header says ${quote(header['alg'])}`,
  ERR_TOKEN_KEY_NOT_FOUND: ({ header, issuer }) =>
    `expected the key ${quote(issuer.jwks.keys.map(({ kid }) => kid))}, the header names ${quote(header['kid'])}`,
  ERR_TOKEN_SIGNATURE_INVALID: () =>
    'expected a signature of these very claims, this one is of others: they were changed after signing',
  ERR_TOKEN_LIFETIME_MISSING: () => 'expected `exp`, a date in seconds, the token has none',
  ERR_TOKEN_LIFETIME_INVALID: ({ claims }) =>
    `expected \`nbf\` before \`exp\`, the token says ${inWords(claims['nbf'])} and ${inWords(claims['exp'])}`,
  ERR_TOKEN_EXPIRED: ({ claims }) =>
    `expected an \`exp\` to come, the token says ${inWords(claims['exp'])}; ${here()}`,
  ERR_TOKEN_NOT_YET_VALID: ({ claims }) =>
    `expected an \`nbf\` that is past, the token says ${inWords(claims['nbf'])}; ${here()}`,
  ERR_TOKEN_AUDIENCE_INVALID: ({ claims, issuer }) =>
    `expected ${quote(issuer.audience)}, the token says ${quote(claims['aud'])}`,
  ERR_TOKEN_ISSUER_INVALID: ({ claims, issuer }) =>
    `expected ${quote(issuer.issuer)}, the token says ${quote(claims['iss'])}`,
  ERR_TOKEN_TYPE_INVALID: ({ header }) =>
    `expected ${quote('at+jwt')}, the header says ${quote(header['typ'])}`,
  ERR_TOKEN_CONFIRMATION_INVALID: ({ claims, error }) =>
    `expected a proof for the key in ${quote('cnf')}, ${quote(claims['cnf'])}. ${error.message}`,
  ERR_TOKEN_INACTIVE: () =>
    'expected an active token, its issuer says it is not: revoked, over, or never issued',
}

/**
 * Says why a token was refused. For the playground alone: an API tells a caller no more than its challenge
 * does, and its log no claims.
 */
export function explainFault(error: AuthError, token: string, issuer: TestIssuer): string {
  const explanation = explanations[error.code]
  return explanation?.({ error, issuer, ...decode(token) }) ?? error.message
}

/** Says what a caller lacks on a route. */
export function explainRefusal(need: Need | undefined, user: ClaimsPrincipal): string {
  if (need?.role !== undefined) return `needs role ${quote(need.role)}, has ${quote(user.roles)}`
  return `needs scope ${quote(need?.scope)}, has ${quote(user.scopes)}`
}

function decode(token: string): {
  header: Record<string, unknown>
  claims: Record<string, unknown>
} {
  try {
    return { header: { ...decodeProtectedHeader(token) }, claims: { ...decodeJwt(token) } }
  } catch {
    return { header: {}, claims: {} }
  }
}

// In backticks, which the page makes code of.
function quote(value: unknown): string {
  const values = [value ?? []].flat() as unknown[]
  if (values.length === 0) return 'nothing'
  return values.slice(0, 5).map(quoteOne).join(', ')
}

function quoteOne(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const short = text.length > 100 ? `${text.slice(0, 100)}…` : text
  return `\`${short.replaceAll('`', "'")}\``
}

function here(): string {
  return `it is ${inWords(Date.now() / 1000)} here, and clocks may differ by five minutes`
}

function inWords(seconds: unknown): string {
  const instant = new Date(Number(seconds) * 1000)
  if (typeof seconds !== 'number' || Number.isNaN(instant.getTime())) return quote(seconds)
  return `\`${instant.toISOString().slice(0, 19).replace('T', ' ')}\` UTC`
}
