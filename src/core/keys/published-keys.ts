import { isSymmetric } from './algorithms.js'
import { usableKeys, type SigningKey } from './signing-key.js'

/**
 * Imports the usable keys of a published set, by their published form: a key that was there before keeps its
 * identity. Shared secrets have no place in such a set, since whoever reads it could sign, and are left out.
 */
export function importPublishedKeys(
  jwks: readonly unknown[],
  earlier: ReadonlyMap<string, SigningKey> | undefined,
): ReadonlyMap<string, SigningKey> {
  const byJwk = new Map<string, SigningKey>()
  for (const jwk of jwks) {
    const text = JSON.stringify(jwk)
    const key = earlier?.get(text) ?? usableKeys([jwk])[0]
    if (key !== undefined && ![...key.algorithms].some(isSymmetric)) byJwk.set(text, key)
  }
  return byJwk
}
