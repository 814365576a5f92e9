import type { Cause } from './evidence.js'
import { failed } from './evidence.js'

// How many octets the signatures of these algorithms have; those of RSA follow the key.
const signatureOctets: Readonly<Record<string, number>> = {
  HS256: 32,
  HS384: 48,
  HS512: 64,
  ES256: 64,
  ES384: 96,
  ES512: 132,
  EdDSA: 64,
  Ed25519: 64,
}

const looksLikeRefreshToken = /^(?:0\.A|1\/\/|1\.A[A-Za-z0-9]|v1\.M|rt_)/

const quoted: Cause = ({ token }) =>
  /^["'`]|["'`]$/.test(token) &&
  'the token still has its quotation marks: send what is between them.'

const schemeIncluded: Cause = ({ token }) =>
  /^(?:Bearer|DPoP)\s/i.test(token) &&
  'the word "Bearer" or "DPoP" was copied with the token: pass what follows it.'

const broken: Cause = ({ token }) =>
  /\s/.test(token) &&
  'the token has white space or line breaks inside: it was wrapped when it was copied.'

const percentEncoded: Cause = ({ token }) =>
  /%[0-9A-F]{2}/i.test(token) && 'the token is percent-encoded: decode it first.'

const otherBase64: Cause = ({ token }) =>
  token.includes('.') &&
  /[+/=]/.test(token) &&
  'the token is written in ordinary base64 ("+", "/", "="); a JWT uses base64url without padding.'

const encrypted: Cause = ({ parts: { parts }, options }) => {
  if (parts.length !== 5) return undefined
  return isAuth0(options.authority)
    ? 'this is an encrypted token: Auth0 gives one out where no "audience" was asked for; ask for the audience of this API.'
    : 'this is an encrypted token (five parts): ask the issuer for a signed one, or use introspection.'
}

const refreshTokenText: Cause = ({ token, parts: { parts } }) =>
  parts.length < 4 &&
  looksLikeRefreshToken.test(token) &&
  'this looks like a refresh token: exchange it at the issuer and send the access token.'

const opaque: Cause = ({ token, parts: { parts, header }, options }) => {
  if (parts.length !== 1 || header !== undefined || token.startsWith('ey')) return undefined
  return isAuth0(options.authority)
    ? 'this is an opaque token: Auth0 gives one out where no "audience" was asked for; ask for the audience of this API.'
    : 'this is an opaque token, no JWT: ask the issuer for a JWT, or use introspection.'
}

const cut: Cause = (evidence) => {
  const { parts, header, payload } = evidence.parts
  const [, , signature = ''] = parts
  const octets = signatureOctets[String(header?.['alg'])]
  const missing =
    parts.length < 3 ||
    parts.some((part) => part === '') ||
    payload === undefined ||
    (octets !== undefined && octetsOf(signature) !== octets) ||
    (/^[RP]S\d/.test(String(header?.['alg'])) && octetsOf(signature) < 256)
  return (
    failsEarly(evidence) &&
    header?.['alg'] !== 'none' &&
    missing &&
    'the token is cut off or damaged: a part of it is missing or cannot be read.'
  )
}

const unsigned: Cause = ({ parts: { header } }) =>
  header?.['alg'] === 'none' && 'the token is not signed ("alg" is "none"): nobody vouches for it.'

/** Causes that lie in the text of the token. */
export const formCauses: readonly Cause[] = [
  quoted,
  schemeIncluded,
  broken,
  percentEncoded,
  encrypted,
  refreshTokenText,
  opaque,
  otherBase64,
  unsigned,
  cut,
]

function failsEarly(evidence: Parameters<Cause>[0]): boolean {
  return failed(evidence, 'form') || failed(evidence, 'signature')
}

function octetsOf(part: string): number {
  return Buffer.from(part, 'base64url').length
}

function isAuth0(authority: string | undefined): boolean {
  return authority !== undefined && /\.auth0\.com\/?$/.test(authority)
}
