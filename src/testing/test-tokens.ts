import { SignJWT } from 'jose'
import type { TestKey } from './test-keys.js'

/** The claims of a test token; given ones win over the issuer's, and `undefined` leaves a claim out. */
export type TokenClaims = Readonly<Record<string, unknown>>

/** How a test token differs from an ordinary one. */
export interface TokenOptions {
  /** Header parameters besides `alg`, `kid` and `typ`; given ones win. */
  header?: Readonly<Record<string, unknown>> | undefined
  /**
   * Seconds from now until `exp`; negative for one that is over.
   *
   * @defaultValue `3600`
   */
  expiresIn?: number | undefined
  /** Seconds from now until `nbf`; without it the token has none. */
  notBefore?: number | undefined
  /** Another key to sign with. */
  key?: TestKey | undefined
}

/** Signs a token the way the issuer does. */
export async function signTestToken(
  claims: TokenClaims,
  key: TestKey,
  { header = {}, expiresIn = 3600, notBefore }: TokenOptions,
): Promise<string> {
  const seconds = Math.floor(Date.now() / 1000)
  const payload: Record<string, unknown> = {
    iat: seconds,
    exp: seconds + expiresIn,
    ...(notBefore === undefined ? {} : { nbf: seconds + notBefore }),
    ...claims,
  }
  return new SignJWT(payload)
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'at+jwt', ...header })
    .sign(key.signingKey)
}

/** Takes the signature off a token and says so in its header (RFC 7519 section 6). */
export function withoutSignature(token: string): string {
  const [, payload] = token.split('.')
  const header = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT' })).toString('base64url')
  return `${header}.${String(payload)}.`
}
