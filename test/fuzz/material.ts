import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import type { JWK } from 'jose'

/** The instant at which everything happens, in seconds. */
export const now = 1_800_000_000

export const clock = (): number => now * 1000
export const issuer = 'https://issuer.example'
export const audience = 'api://orders'

/** A key that tokens are signed with, and its public form. */
export interface FuzzKey {
  readonly alg: string
  readonly kid: string
  readonly jwk: JWK
  readonly sign: (content: string) => Buffer
}

const digests: Readonly<Record<string, string | null>> = {
  ES256: 'sha256',
  RS256: 'sha256',
  EdDSA: null,
}

function asymmetric(
  alg: string,
  kid: string,
  pair: { publicKey: KeyObject; privateKey: KeyObject },
): FuzzKey {
  return {
    alg,
    kid,
    jwk: { ...pair.publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' },
    sign: (content) =>
      sign(digests[alg] ?? null, Buffer.from(content), {
        key: pair.privateKey,
        dsaEncoding: 'ieee-p1363',
      }),
  }
}

/** Keys that the API trusts. */
export const trusted: readonly FuzzKey[] = [
  asymmetric('ES256', 'es', generateKeyPairSync('ec', { namedCurve: 'P-256' })),
  asymmetric('EdDSA', 'ed', generateKeyPairSync('ed25519')),
  asymmetric('RS256', 'rs', generateKeyPairSync('rsa', { modulusLength: 2048 })),
]

/** A key that nobody trusts, under a name that they know. */
export const foreign = asymmetric('ES256', 'es', generateKeyPairSync('ec', { namedCurve: 'P-256' }))

/** What attackers sign with when they take a public key for a secret. */
export const confused: FuzzKey = {
  alg: 'HS256',
  kid: 'rs',
  jwk: { kty: 'oct' },
  sign: (content) =>
    createHmac('sha256', JSON.stringify((trusted[2] as FuzzKey).jwk))
      .update(content)
      .digest(),
}

/** Signs a header and a payload as they are. */
export function signToken(key: FuzzKey, header: unknown, payload: unknown): string {
  const encode = (part: unknown) =>
    Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')
  const content = `${encode(header)}.${encode(payload)}`
  return `${content}.${key.sign(content).toString('base64url')}`
}
