import { calculateJwkThumbprint, exportJWK, generateKeyPair, generateSecret, type JWK } from 'jose'

/** A key that signs, and what its verifiers see of it. */
export interface TestKey {
  readonly alg: string
  readonly kid: string
  readonly signingKey: Parameters<typeof exportJWK>[0]
  /** What verifiers need: the public part, or the secret of an HMAC algorithm. */
  readonly jwk: JWK
}

/** Makes a fresh key for an algorithm; its `kid` is the RFC 7638 thumbprint. */
export async function generateTestKey(alg: string): Promise<TestKey> {
  const [signingKey, verifyingKey] = await generate(alg)
  const jwk = await exportJWK(verifyingKey)
  const kid = await calculateJwkThumbprint(jwk)
  return { alg, kid, signingKey, jwk: { ...jwk, kid, alg, use: 'sig' } }
}

async function generate(alg: string) {
  if (alg.startsWith('HS')) {
    const secret = await generateSecret(alg, { extractable: true })
    return [secret, secret] as const
  }
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return [privateKey, publicKey] as const
}
