import type { JWK } from 'jose'
import { importSigningKeys } from '../../src/core/keys/signing-key.js'
import { parseToken } from '../../src/core/validation/parse-token.js'
import { verifySignature } from '../../src/core/validation/signature.js'

/** Whether the signature of a published example holds; its content need not be claims. */
export async function holds(jwk: JWK, token: string): Promise<boolean> {
  const [key] = importSigningKeys(jwk)
  const parsed = parseToken(token, 16_384)
  if (key?.algorithms.has(parsed.header.alg) !== true) throw new Error('The key is for another use')
  return verifySignature(parsed, key.key)
}
