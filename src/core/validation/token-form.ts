/**
 * Tells by its form whether a token is a JWT: three parts, the first of which is a JSON object with an `alg`.
 *
 * Reads generously, so that whatever anybody could take for a JWT is one.
 */
export function hasJwtForm(raw: string): boolean {
  const first = raw.indexOf('.')
  const second = raw.indexOf('.', first + 1)
  if (first < 0 || second < 0 || raw.includes('.', second + 1)) return false
  try {
    const header: unknown = JSON.parse(Buffer.from(raw.slice(0, first), 'base64url').toString())
    return typeof (header as { alg?: unknown } | null)?.alg === 'string'
  } catch {
    return false
  }
}

// RFC 6750 section 2.1: b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
const b64token = /^[A-Za-z0-9\-._~+/]+=*$/

/** Tells whether a text can be sent as a bearer token, wherever it came from. */
export function isBearerToken(raw: string): boolean {
  return b64token.test(raw)
}
