import { X509Certificate } from 'node:crypto'
import type { JWK } from 'jose'

/** When a certificate is valid, in milliseconds; at no time when it cannot be read. */
export interface CertificateDates {
  readonly validFrom: number
  readonly validTo: number
}

// What is read of a key; whatever else an issuer writes there is never looked into.
const members = [
  ...['kty', 'kid', 'alg', 'use', 'key_ops', 'crv', 'n', 'e', 'x', 'y', 'pub', 'k'],
  ...['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'priv'],
] as const
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'priv'] as const

/** Reads the members of a JWK that matter. `null` and empty ones, which some issuers write, are absent. */
export function readJwk(given: JWK): {
  readonly jwk: JWK
  readonly certificate: CertificateDates | undefined
} {
  const jwk: Record<string, unknown> = {}
  for (const name of members) {
    const value: unknown = given[name]
    if (value !== undefined && value !== null && value !== '') jwk[name] = value
  }
  return { jwk: jwk, certificate: certificateOf(given.x5c) }
}

/** Tells whether a JWK holds more than its public half. Only a shared secret has `k`, and nothing besides. */
export function isPrivateJwk(jwk: JWK): boolean {
  return privateMembers.some((name) => name in jwk) || ('k' in jwk && jwk.kty !== 'oct')
}

/** Reads the dates of a certificate. */
export function datesOf({ validFrom, validTo }: X509Certificate): CertificateDates {
  return { validFrom: Date.parse(validFrom), validTo: Date.parse(validTo) }
}

// The key is in the JWK itself, so a certificate that cannot be read harms only those who ask for its dates.
function certificateOf(chain: unknown): CertificateDates | undefined {
  if (chain === undefined || chain === null || chain === '') return undefined
  const leaf: unknown = Array.isArray(chain) ? chain[0] : chain
  if (leaf === undefined) return undefined
  try {
    return datesOf(new X509Certificate(Buffer.from(leaf as string, 'base64')))
  } catch {
    return { validFrom: NaN, validTo: NaN }
  }
}
