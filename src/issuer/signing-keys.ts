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

// What makes a key private: RFC 7518 sections 6.2.2 and 6.3.2.
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth']

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

/** What verifiers need of a stored key: the public part, or a shared secret as it is. */
export function toVerifier({ kid, algorithm, jwk }: StoredKey): JWK {
  const members = Object.entries(jwk).filter(([name]) => !privateMembers.includes(name))
  return { ...(Object.fromEntries(members) as JWK), kid, alg: algorithm, use: 'sig' }
}
