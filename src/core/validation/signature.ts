import { constants, type KeyObject, type VerifyKeyObjectInput } from 'node:crypto'
import { algorithms, type Algorithm } from '../keys/algorithms.js'
import type { MaybePromise } from '../../internal/maybe-promise.js'
import { prepareMac, type MacCheck } from './mac.js'
import type { ParsedToken } from './parse-token.js'
import { verifyInPool } from './signature-pool.js'

type PublicKeyAlgorithm = Exclude<Algorithm, { kind: 'hmac' | 'jose' }>

/**
 * Tells whether a key made the signature of a token. The caller has made sure that the key is one for
 * the algorithm.
 *
 * HMAC is checked on the spot, cheaper than a trip to the thread pool.
 */
export function verifySignature(token: ParsedToken, key: KeyObject): MaybePromise<boolean> {
  const algorithm = algorithms.get(token.header.alg) as Algorithm
  if (algorithm.kind !== 'hmac') return verifyWithPublicKey(token, key)
  return macWith(key, algorithm.hash)(token.signed, token.signature)
}

/**
 * The same for signatures by key pairs, the only ones that proofs have.
 *
 * They go to the pool: on the spot a check holds the event loop for 20 to 80 µs, the pool leaves it less than 20 µs
 * and does the rest on another core, for some 15 to 20 µs more work in all: worth it with two cores, a loss of some
 * per cent with one.
 */
export function verifyWithPublicKey(token: ParsedToken, key: KeyObject): MaybePromise<boolean> {
  const algorithm = algorithms.get(token.header.alg) as Exclude<Algorithm, { kind: 'hmac' }>
  if (algorithm.kind === 'jose') return verifyWithJose(token, key)
  return verifyInPool({
    hash: algorithm.kind === 'eddsa' ? null : algorithm.hash,
    data: Buffer.from(token.signed, 'latin1'),
    key: keyFor(algorithm, key),
    signature: Buffer.from(token.signature, 'base64url'),
  })
}

const macs = new WeakMap<KeyObject, ReadonlyMap<string, MacCheck>>()

function macWith(key: KeyObject, hash: string): MacCheck {
  const known = macs.get(key)?.get(hash)
  if (known !== undefined) return known
  const prepared = prepareMac(hash, key.export())
  macs.set(key, new Map([...(macs.get(key) ?? []), [hash, prepared]]))
  return prepared
}

function keyFor(algorithm: PublicKeyAlgorithm, key: KeyObject): VerifyKeyObjectInput {
  // RFC 7518 section 3.4: R and S side by side, not ASN.1.
  if (algorithm.kind !== 'rsa') return { key, dsaEncoding: 'ieee-p1363' }
  if (!algorithm.pss) return { key }
  // RFC 7518 section 3.5: the salt is as long as the hash.
  return {
    key,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  }
}

async function verifyWithJose(token: ParsedToken, key: KeyObject): Promise<boolean> {
  // Loaded by the first token that needs it, which few applications ever see.
  const { compactVerify } = await import('jose')
  const algorithms = [token.header.alg]
  const [outcome] = await Promise.allSettled([compactVerify(token.raw, key, { algorithms })])
  return outcome.status === 'fulfilled'
}
