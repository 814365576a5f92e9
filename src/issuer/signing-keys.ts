import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  generateSecret,
  importJWK,
  type JWK,
} from 'jose'
import type { StoredKey } from './key-ring-store.js'
import type { TokenSigner } from './key-ring.js'

// RFC 7517 section 4, RFC 7518 section 6, RFC 8037 section 2: what anybody may know of a key.
// Not "key_ops": those of a private key forbid what verifiers do.
const publicMembers = new Set([
  ...['kty', 'kid', 'alg', 'use', 'x5c', 'x5t', 'x5t#S256', 'x5u'],
  ...['crv', 'x', 'y', 'n', 'e', 'pub'],
])

/** Makes a fresh key; its `kid` is the RFC 7638 thumbprint. */
export async function generateKey(
  algorithm: string,
): Promise<Pick<StoredKey, 'kid' | 'algorithm' | 'jwk'>> {
  const key = algorithm.startsWith('HS')
    ? await generateSecret(algorithm, { extractable: true })
    : (await generateKeyPair(algorithm, { extractable: true })).privateKey
  const jwk = await exportJWK(key)
  return { kid: await calculateJwkThumbprint(jwk), algorithm, jwk }
}

/** Brings a stored key into the form that signs. */
export async function toSigner({ kid, algorithm, jwk }: StoredKey): Promise<TokenSigner> {
  return { kid, algorithm, key: await importJWK(jwk, algorithm) }
}

/** What verifiers need of a stored key: the public part, or a shared secret. */
export function toVerifier({ kid, algorithm, jwk }: StoredKey): JWK {
  const { kty, k } = jwk
  const key = kty === 'oct' ? { kty, ...(k !== undefined && { k }) } : publicPartOf(jwk)
  return { ...key, kid, alg: algorithm, use: 'sig' }
}

/** Makes the key set that is published, of any keys: their public members alone, and no shared secret. */
export function publicKeySet(keys: readonly JWK[]): { readonly keys: readonly JWK[] } {
  return { keys: keys.filter(({ kty }) => kty !== 'oct').map(publicPartOf) }
}

function publicPartOf(jwk: JWK): JWK {
  const members = Object.entries(jwk).filter(([name]) => publicMembers.has(name))
  return Object.fromEntries(members)
}
