import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { ProofInvalidError } from '../core/proof-errors.js'
import { algorithmsOf } from '../core/keys/algorithms.js'
import { sha256 } from '../internal/sha256.js'

/** The public key in a proof. */
export type ProofJwk = Readonly<Record<string, unknown>>

/** A key in the form in which it is used, and what it can verify. */
export interface ProofKey {
  readonly key: KeyObject
  readonly algorithms: ReadonlySet<string>
}

// What makes a key of each kind one of RFC 7518, RFC 8037 or RFC 9964; in the order of RFC 7638 section 3.
const requiredMembers: Readonly<Record<string, readonly string[]>> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
  AKP: ['alg', 'kty', 'pub'],
}

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

// The kind of key that an algorithm needs; RSA for all that are not named.
const kinds: readonly (readonly [algorithm: RegExp, kty: string, crv?: string])[] = [
  [/^ES256$/, 'EC', 'P-256'],
  [/^ES384$/, 'EC', 'P-384'],
  [/^ES512$/, 'EC', 'P-521'],
  [/^Ed/, 'OKP', 'Ed25519'],
  [/^ML-DSA/, 'AKP'],
  [/^/, 'RSA'],
]

/**
 * Checks the `jwk` of a proof as far as that can be done without importing it: a public key, of the kind
 * that the algorithm needs, meant for signatures.
 */
export function checkJwk(jwk: unknown, alg: string): ProofJwk {
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) {
    throw new ProofInvalidError('jwk')
  }
  const members = jwk as ProofJwk
  const [, kty, crv] = kinds.find(([algorithm]) => algorithm.test(alg)) as (typeof kinds)[0]
  const fits =
    members['kty'] === kty &&
    (crv === undefined || members['crv'] === crv) &&
    (requiredMembers[kty] as readonly string[]).every((name) => isText(members[name])) &&
    privateMembers.every((name) => isAbsent(members[name])) &&
    allowsVerifying(members, alg)
  if (!fits) throw new ProofInvalidError('jwk')
  return members
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

// Some libraries write out members that they have no value for.
function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === ''
}

function allowsVerifying({ use, key_ops: operations, alg: own }: ProofJwk, alg: string): boolean {
  return (
    (isAbsent(use) || use === 'sig') &&
    (isAbsent(operations) || (Array.isArray(operations) && operations.includes('verify'))) &&
    (isAbsent(own) || nameOf(own) === nameOf(alg))
  )
}

// EdDSA and Ed25519 are two names of one algorithm (RFC 9864).
function nameOf(alg: unknown): unknown {
  return alg === 'Ed25519' ? 'EdDSA' : alg
}

/** Computes the thumbprint of a key (RFC 7638), by which tokens are bound to it. */
export function thumbprintOf(jwk: ProofJwk): string {
  const names = requiredMembers[jwk['kty'] as string] as readonly string[]
  const members = names.map((name) => `"${name}":${JSON.stringify(jwk[name])}`)
  return sha256(`{${members.join()}}`)
}

/** Brings the key of a proof into the form in which it is used. */
export function importProofKey(jwk: ProofJwk): ProofKey {
  const names = requiredMembers[jwk['kty'] as string] as readonly string[]
  const needed = Object.fromEntries(names.map((name) => [name, jwk[name]]))
  try {
    const key = createPublicKey({ key: needed as JsonWebKey, format: 'jwk' })
    return { key, algorithms: new Set(algorithmsOf(key)) }
  } catch {
    throw new ProofInvalidError('jwk')
  }
}
