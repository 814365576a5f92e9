import {
  createPublicKey,
  createSecretKey,
  KeyObject,
  type JsonWebKey,
  type webcrypto,
} from 'node:crypto'
import { types } from 'node:util'
import type { JWK } from 'jose'
import { algorithmsOf, isAlgorithm } from './algorithms.js'
import { isPrivateJwk, readJwk, type CertificateDates } from './jwk.js'
import { readPem } from './pem.js'
import { SymmetricKey, secretFault } from './symmetric-key.js'
import { parsed, refusePrivate, UnfitKeyError, UnusableKeyError } from './unusable-key.js'

/** A Web Crypto key, as the `jose` library hands them out. */
export type CryptoKey = webcrypto.CryptoKey

/** A key set (RFC 7517 section 5). */
export interface JsonWebKeySet {
  readonly keys: readonly JWK[]
}

/** A key to check signatures with: a marked secret, PEM text, a JWK or JWK set, or a key of Node's or Web Crypto's. */
export type IssuerSigningKey = SymmetricKey | string | JWK | JsonWebKeySet | KeyObject | CryptoKey

/** The one form in which keys are used. */
export interface SigningKey {
  readonly key: KeyObject
  readonly kid: string | undefined
  /** What the key may verify; never both symmetric and asymmetric algorithms. */
  readonly algorithms: ReadonlySet<string>
  /** When its certificate is valid; only keys that came as certificates have one. */
  readonly certificate: CertificateDates | undefined
}

/** Tells whether two keys are one: a function of the user's may bring the same key as a new object each time. */
export function isSameKey(one: SigningKey, other: SigningKey): boolean {
  if (one === other) return true
  return (
    one.kid === other.kid &&
    [...one.algorithms].join() === [...other.algorithms].join() &&
    one.key.equals(other.key)
  )
}

/**
 * Brings a key, or each key of a set, into the form in which it is used. In a set, keys for other
 * purposes are passed over.
 *
 * @throws {@link UnusableKeyError} when nothing usable is left.
 */
export function importSigningKeys(source: IssuerSigningKey): readonly SigningKey[] {
  if (!isKeySet(source)) return [importSigningKey(source)]
  const keys = usableKeys(source.keys)
  if (keys.length === 0)
    throw new UnusableKeyError('the key set holds no key that can verify a signature')
  return keys
}

/** Imports the keys of a set that can verify signatures; broken and foreign ones do the others no harm. */
export function usableKeys(jwks: readonly unknown[]): readonly SigningKey[] {
  return jwks.flatMap((jwk) => {
    const key = tryImport(jwk)
    return typeof key === 'string' ? [] : [key]
  })
}

/** Imports a key of a set, or says why it is left out. Whatever it holds, nothing is thrown. */
export function tryImport(jwk: unknown): SigningKey | string {
  try {
    return importJwk(jwk as JWK)
  } catch (error) {
    return error instanceof UnusableKeyError ? error.message : 'it cannot be read as a key'
  }
}

/** Tells a set of keys from a single one. */
export function isKeySet(source: unknown): source is JsonWebKeySet {
  return Array.isArray((source as Partial<JsonWebKeySet> | null)?.keys)
}

function importSigningKey(source: Exclude<IssuerSigningKey, JsonWebKeySet>): SigningKey {
  if (source instanceof SymmetricKey) return importSecret(SymmetricKey.secretOf(source))
  if (typeof source === 'string') return importPem(source)
  if (source instanceof KeyObject) return importKeyObject(source)
  if (types.isCryptoKey(source)) return importCryptoKey(source)
  if (typeof source === 'object' && source !== null && 'kty' in source) return importJwk(source)
  throw new UnusableKeyError(
    `a key must be symmetricKey(secret), PEM text, a JWK, a JWK set, a KeyObject or a CryptoKey, got ${source === null ? 'null' : typeof source}`,
  )
}

function importSecret(secret: unknown, kid?: string, alg?: string): SigningKey {
  const fault = secretFault(secret)
  if (fault !== undefined) throw new UnusableKeyError(fault)
  return signingKey(createSecretKey(Buffer.from(secret as string)), kid, alg)
}

function importPem(text: string): SigningKey {
  const { key, certificate } = readPem(text)
  return signingKey(key, undefined, undefined, certificate)
}

function importKeyObject(key: KeyObject): SigningKey {
  refusePrivate(key.type === 'private')
  return key.type === 'secret' ? importSecret(key.export()) : signingKey(key)
}

// What Web Crypto calls an algorithm, as a pattern over the names of RFC 7518.
const cryptoKeyFamilies: Readonly<Record<string, string>> = {
  HMAC: 'HS',
  'RSASSA-PKCS1-v1_5': 'RS',
  'RSA-PSS': 'PS',
}

function importCryptoKey(key: CryptoKey): SigningKey {
  refusePrivate(key.type === 'private')
  if (!key.usages.includes('verify')) {
    throw new UnusableKeyError('the CryptoKey was not imported with the usage "verify"')
  }
  const { name, hash } = key.algorithm as { name: string; hash?: { name: string } }
  const family = cryptoKeyFamilies[name]
  const alg =
    family === undefined ? undefined : `${family}${String(hash?.name).replace('SHA-', '')}`
  const keyObject = KeyObject.from(key)
  return key.type === 'secret'
    ? importSecret(keyObject.export(), undefined, alg)
    : signingKey(keyObject, undefined, alg)
}

// RFC 7518 section 6, RFC 8037 section 2, RFC 9964.
const publicKinds: ReadonlySet<unknown> = new Set(['RSA', 'EC', 'OKP', 'AKP'])

function importJwk(given: JWK): SigningKey {
  const { jwk, certificate } = readJwk(given)
  const { kty, kid, alg, use, key_ops: operations } = jwk
  if (use !== undefined && use !== 'sig') {
    throw new UnfitKeyError('the JWK is not meant for signatures ("use" is not "sig")')
  }
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) {
    throw new UnfitKeyError('the JWK is not meant to verify ("key_ops" lacks "verify")')
  }
  refusePrivate(isPrivateJwk(jwk))
  const name = typeof kid === 'string' ? kid : undefined
  if (kty === 'oct') {
    const secret = typeof jwk.k === 'string' ? Buffer.from(jwk.k, 'base64url') : jwk.k
    return importSecret(secret, name, alg)
  }
  if (!publicKinds.has(kty)) throw new UnfitKeyError('the JWK cannot be read as a key')
  const key = parsed('JWK', () => createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }))
  return signingKey(key, name, alg, certificate)
}

function signingKey(
  key: KeyObject,
  kid?: string,
  alg?: string,
  certificate?: CertificateDates,
): SigningKey {
  const able = algorithmsOf(key)
  // EdDSA and Ed25519 are two names of one algorithm (RFC 9864).
  const meant = alg === 'EdDSA' || alg === 'Ed25519' ? ['EdDSA', 'Ed25519'] : [alg]
  const used = alg === undefined ? able : able.filter((name) => meant.includes(name))
  if (used.length === 0) throw new UnfitKeyError(unfit(key, alg))
  return {
    key,
    kid,
    algorithms: new Set(used),
    certificate,
  }
}

function unfit(key: KeyObject, alg: string | undefined): string {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {}
  if (alg !== undefined && isAlgorithm(alg)) return `the key cannot verify its own "alg", ${alg}`
  if (alg !== undefined) return 'the "alg" of the key is not a signature algorithm'
  if (modulusLength !== undefined) return `RSA keys need 2048 bits or more, got ${modulusLength}`
  return `no JWT signature algorithm uses this kind of key (${namedCurve ?? String(key.asymmetricKeyType)})`
}
