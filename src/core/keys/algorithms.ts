import type { KeyObject } from 'node:crypto'

/** How one algorithm of RFC 7518, RFC 8037 or RFC 9964 is verified. */
export type Algorithm =
  | { readonly kind: 'hmac'; readonly hash: string; readonly bytes: number }
  | { readonly kind: 'rsa'; readonly hash: string; readonly pss: boolean }
  | { readonly kind: 'ecdsa'; readonly hash: string; readonly curve: string }
  | { readonly kind: 'eddsa' }
  | { readonly kind: 'jose'; readonly keyType: string }

/** The algorithms that can be verified at all. */
export const algorithms: ReadonlyMap<string, Algorithm> = new Map<string, Algorithm>([
  ['HS256', { kind: 'hmac', hash: 'sha256', bytes: 32 }],
  ['HS384', { kind: 'hmac', hash: 'sha384', bytes: 48 }],
  ['HS512', { kind: 'hmac', hash: 'sha512', bytes: 64 }],
  ['RS256', { kind: 'rsa', hash: 'sha256', pss: false }],
  ['RS384', { kind: 'rsa', hash: 'sha384', pss: false }],
  ['RS512', { kind: 'rsa', hash: 'sha512', pss: false }],
  ['PS256', { kind: 'rsa', hash: 'sha256', pss: true }],
  ['PS384', { kind: 'rsa', hash: 'sha384', pss: true }],
  ['PS512', { kind: 'rsa', hash: 'sha512', pss: true }],
  ['ES256', { kind: 'ecdsa', hash: 'sha256', curve: 'prime256v1' }],
  ['ES384', { kind: 'ecdsa', hash: 'sha384', curve: 'secp384r1' }],
  ['ES512', { kind: 'ecdsa', hash: 'sha512', curve: 'secp521r1' }],
  ['EdDSA', { kind: 'eddsa' }],
  ['Ed25519', { kind: 'eddsa' }],
  // Only newer Node versions have keys for these.
  ['ML-DSA-44', { kind: 'jose', keyType: 'ml-dsa-44' }],
  ['ML-DSA-65', { kind: 'jose', keyType: 'ml-dsa-65' }],
  ['ML-DSA-87', { kind: 'jose', keyType: 'ml-dsa-87' }],
])

/** Tells whether a name stands for an algorithm that can be verified at all. */
export function isAlgorithm(name: string): boolean {
  return algorithms.has(name)
}

/** Tells whether an algorithm works with a shared secret. */
export function isSymmetric(name: string): boolean {
  return algorithms.get(name)?.kind === 'hmac'
}

/** Every algorithm that verifies with a public key. */
export const asymmetricAlgorithms: readonly string[] = [...algorithms.keys()].filter(
  (name) => !isSymmetric(name),
)

/** Lists the algorithms that a key can verify, whatever its owner says about it. */
export function algorithmsOf(key: KeyObject): readonly string[] {
  return [...algorithms].filter(([, algorithm]) => fits(key, algorithm)).map(([name]) => name)
}

function fits(key: KeyObject, algorithm: Algorithm): boolean {
  switch (algorithm.kind) {
    case 'hmac':
      // RFC 7518 section 3.2: the secret is at least as long as the hash.
      return (key.symmetricKeySize ?? 0) >= algorithm.bytes
    case 'rsa':
      return fitsRsa(key, algorithm)
    case 'ecdsa':
      return key.asymmetricKeyDetails?.namedCurve === algorithm.curve
    case 'eddsa':
      return key.asymmetricKeyType === 'ed25519'
    case 'jose':
      return String(key.asymmetricKeyType) === algorithm.keyType
  }
}

function fitsRsa(key: KeyObject, algorithm: { hash: string; pss: boolean }): boolean {
  const { modulusLength = 0, hashAlgorithm = algorithm.hash } = key.asymmetricKeyDetails ?? {}
  // RFC 7518 sections 3.3 and 3.5: 2048 bits or more.
  if (modulusLength < 2048) return false
  if (key.asymmetricKeyType === 'rsa') return true
  return key.asymmetricKeyType === 'rsa-pss' && algorithm.pss && hashAlgorithm === algorithm.hash
}
