import {
  constants,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  type JsonWebKey,
  type KeyObject,
  type SignKeyObjectInput,
} from 'node:crypto'

export type Alg = 'HS256' | 'RS256' | 'ES256' | 'Ed25519' | 'PS256'

export const algs: readonly Alg[] = ['RS256', 'HS256', 'ES256', 'Ed25519', 'PS256']
export const issuer = 'https://issuer.example'
export const audience = 'api://orders'
export const kid = 'key-1'

/** What signs the tokens of one run; plain data, so that it can be sent to other processes. */
export interface SigningMaterial {
  readonly alg: Alg
  readonly jwk: JsonWebKey
}

/** The keys in the forms in which verifiers take them. */
export interface Keys {
  readonly alg: Alg
  readonly signingKey: KeyObject
  readonly key: KeyObject
  /** The public part as published; the secret for HS256. */
  readonly jwk: JsonWebKey & { kid: string; alg: string; use: string }
  readonly pem: string
}

export function generateMaterial(alg: Alg): SigningMaterial {
  return { alg, jwk: generate(alg).export({ format: 'jwk' }) }
}

function generate(alg: Alg): KeyObject {
  switch (alg) {
    case 'HS256':
      // Text, which every library takes for the same bytes.
      return createSecretKey(randomBytes(36).toString('base64'), 'latin1')
    case 'RS256':
    case 'PS256':
      return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    case 'ES256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    case 'Ed25519':
      return generateKeyPairSync('ed25519').privateKey
  }
}

export function keysOf({ alg, jwk }: SigningMaterial): Keys {
  const signingKey =
    alg === 'HS256'
      ? createSecretKey(String(jwk.k), 'base64url')
      : createPrivateKey({ key: jwk, format: 'jwk' })
  const key = alg === 'HS256' ? signingKey : createPublicKey(signingKey)
  const published = { kid, alg: nameOf(alg), use: 'sig' }
  return {
    alg,
    signingKey,
    key,
    jwk: { ...key.export({ format: 'jwk' }), ...published },
    pem: alg === 'HS256' ? '' : key.export({ format: 'pem', type: 'spki' }).toString(),
  }
}

// Every library in the comparison knows Ed25519 by its older name.
export function nameOf(alg: Alg): string {
  return alg === 'Ed25519' ? 'EdDSA' : alg
}

/** Signs tokens of 500 to 700 characters, each with a `jti` of its own. */
export function makeToken(
  { alg, signingKey }: Pick<Keys, 'alg' | 'signingKey'>,
  number: number,
  changes: { header?: object; claims?: object } = {},
): string {
  const now = Math.floor(Date.now() / 1000)
  const header = { alg: nameOf(alg), kid, typ: 'at+jwt', ...changes.header }
  const claims = {
    iss: issuer,
    aud: audience,
    sub: `user-${number}`,
    iat: now,
    exp: now + 7200,
    jti: `token-${number}`,
    client_id: 'orders-web',
    name: 'Alice Example',
    email: `alice.${number}@example.com`,
    scope: 'openid profile orders.read orders.write',
    roles: ['Customer', 'Reviewer'],
    tenant: '6f1c2a50-8e36-4a27-9d1c-2f6a52d0a1b7',
    ...changes.claims,
  }
  const signed = `${encode(header)}.${encode(claims)}`
  return `${signed}.${signatureOf(alg, signingKey, signed)}`
}

export function makeTokens(
  keys: Keys,
  count: number,
  changes?: Parameters<typeof makeToken>[2],
): string[] {
  return Array.from({ length: count }, (_, number) => makeToken(keys, number, changes))
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function signatureOf(alg: Alg, key: KeyObject, signed: string): string {
  if (alg === 'HS256') return createHmac('sha256', key).update(signed).digest('base64url')
  return sign(hashOf(alg), Buffer.from(signed), asUsed(alg, key)).toString('base64url')
}

/** The hash that an algorithm puts in front of its primitive; Ed25519 has its own. */
export function hashOf(alg: Alg): string | null {
  return alg === 'Ed25519' ? null : 'sha256'
}

/** A key with what an algorithm asks of it (RFC 7518 sections 3.4 and 3.5). */
export function asUsed(alg: Alg, key: KeyObject): SignKeyObjectInput {
  if (alg !== 'PS256') return { key, dsaEncoding: 'ieee-p1363' }
  const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_DIGEST: saltLength } = constants
  return { key, padding, saltLength }
}
