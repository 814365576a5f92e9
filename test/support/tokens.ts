import {
  constants,
  createHmac,
  createPublicKey,
  sign as signBytes,
  type KeyObject,
} from 'node:crypto'
import { jwtBearer, symmetricKey, type JwtBearerOptions } from 'express-jwt-bearer'

/** The frozen time of the tests: milliseconds for `clock`, seconds for claims. */
export const now = Date.parse('2030-01-01T00:00:00Z')
export const seconds = now / 1000

export const issuer = 'https://issuer.test'
export const audience = 'api://test'
export const secret = 'fifty bytes of text that no one else may ever know'

/** A marker that must not show up in anything that can be logged. */
export const marker = 'marker-of-a-claim-value'

type Options = Omit<JwtBearerOptions<never>, 'tokenValidationParameters'>
type Parameters = NonNullable<JwtBearerOptions<never>['tokenValidationParameters']>

/** Options that accept {@link hs256} tokens. */
export function options(parameters: Parameters = {}, rest: Options = {}): JwtBearerOptions<never> {
  return {
    audience,
    clock: () => now,
    ...rest,
    tokenValidationParameters: {
      validIssuer: issuer,
      issuerSigningKey: symmetricKey(secret),
      ...parameters,
    },
  }
}

/** Options for public keys instead of the secret. */
export function keyOptions(parameters: Parameters): JwtBearerOptions<never> {
  return options({ issuerSigningKey: undefined, ...parameters })
}

/** Good claims; given ones win, and `undefined` leaves a claim out. */
export function claimsOf(claims: Record<string, unknown> = {}): Record<string, unknown> {
  return { iss: issuer, aud: audience, sub: 'alice', iat: seconds, exp: seconds + 3600, ...claims }
}

/** Signs with the shared secret. */
export function hs256(
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
): string {
  return sign({ alg: 'HS256', ...header }, claimsOf(claims), secret)
}

/** Signs any header and any content, however wrong they are. */
export function sign(
  header: unknown,
  payload: unknown,
  key: KeyObject | string | Buffer,
  alg: string = (header as { alg: string }).alg,
): string {
  const content = `${encode(header)}.${encode(payload)}`
  return `${content}.${signatureOf(alg, content, key).toString('base64url')}`
}

/** Encodes text and bytes as they are, and anything else as JSON. */
export function encode(part: unknown): string {
  const bytes = Buffer.isBuffer(part)
    ? part
    : Buffer.from(typeof part === 'string' ? part : JSON.stringify(part))
  return bytes.toString('base64url')
}

function signatureOf(alg: string, content: string, key: KeyObject | string | Buffer): Buffer {
  const hash = `sha${alg.slice(2)}`
  const data = Buffer.from(content)
  switch (alg.slice(0, 2)) {
    case 'HS':
      return createHmac(hash, key).update(data).digest()
    case 'RS':
      return signBytes(hash, data, key)
    case 'PS':
      return signBytes(hash, data, {
        key: key as KeyObject,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      })
    case 'ES':
      return signBytes(hash, data, { key: key as KeyObject, dsaEncoding: 'ieee-p1363' })
    default:
      return signBytes(null, data, key)
  }
}

/** The public half of a private key, as a JWK. */
export function jwkOf(
  key: KeyObject | string,
  members: Record<string, unknown> = {},
): Record<string, string> {
  return { ...createPublicKey(key).export({ format: 'jwk' }), ...members } as Record<string, string>
}

/** What becomes of a token: `success`, `none`, or the code or name of the error. */
export async function judge(given: JwtBearerOptions<never>, token: string): Promise<string> {
  return outcomeOf(await authenticate(given, token))
}

/** The result of a token, outside Express. */
export async function authenticate(given: JwtBearerOptions<never>, token: string) {
  return jwtBearer(given).authenticate({ headers: { authorization: `Bearer ${token}` } })
}

/** What a result says in one word. */
export function outcomeOf(result: Awaited<ReturnType<typeof authenticate>>): string {
  if (result.kind !== 'failure') return result.kind
  const { code, name } = result.error as Error & { code?: string }
  return code ?? name
}

/** The error of a set-up that does not work. */
export function setUpError(build: () => unknown): Error & { code?: string } {
  try {
    build()
  } catch (error) {
    return error as Error
  }
  throw new Error('The set-up was accepted')
}
