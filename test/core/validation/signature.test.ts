import { generateKeyPairSync, sign as signBytes, type KeyObject } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { symmetricKey, type IssuerSigningKey } from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import { parseToken } from '../../../src/core/validation/parse-token.js'
import { verifySignature } from '../../../src/core/validation/signature.js'
import {
  claimsOf,
  encode,
  hs256,
  judge,
  jwkOf,
  keyOptions,
  options,
  secret,
  sign,
} from '../../support/tokens.js'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 })
const pss384 = generateKeyPairSync('rsa-pss', {
  modulusLength: 2048,
  hashAlgorithm: 'sha384',
  mgf1HashAlgorithm: 'sha384',
})
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' })
const ed25519 = generateKeyPairSync('ed25519')
const longSecret = `${secret}, made longer for HS512`

interface Pair {
  publicKey: KeyObject
  privateKey: KeyObject
}

const algorithms: [alg: string, trusted: IssuerSigningKey, signer: KeyObject | string][] = [
  ['HS256', symmetricKey(longSecret), longSecret],
  ['HS384', symmetricKey(longSecret), longSecret],
  ['HS512', symmetricKey(longSecret), longSecret],
  ...(
    [
      ['RS256', rsa],
      ['RS384', rsa],
      ['RS512', rsa],
      ['PS256', rsa],
      ['PS384', rsa],
      ['PS512', rsa],
      ['PS256', pss],
      ['PS384', pss384],
      ['ES256', p256],
      ['ES384', p384],
      ['ES512', p521],
      ['EdDSA', ed25519],
      ['Ed25519', ed25519],
    ] satisfies [string, Pair][]
  ).map(([alg, pair]): [string, KeyObject, KeyObject] => [alg, pair.publicKey, pair.privateKey]),
]

describe('the signature of a token', () => {
  test.each(algorithms)('is verified with %s', async (alg, trusted, signer) => {
    const accepting = keyOptions({ issuerSigningKey: trusted })
    const token = sign({ alg }, claimsOf(), signer)
    expect(await judge(accepting, token)).toBe('success')
    const [header, , signature] = token.split('.') as [string, string, string]
    const forged = `${header}.${encode(claimsOf({ sub: 'mallory' }))}.${signature}`
    expect(await judge(accepting, forged)).toBe('ERR_TOKEN_KEY_NOT_FOUND')
  })

  test.each(['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'])(
    'is verified with %s where the Node version can, and refused elsewhere',
    async (alg) => {
      const issuer = await createTestIssuer({ alg, audience: 'api://test' }).catch(() => undefined)
      if (issuer === undefined) {
        const accepting = keyOptions({ issuerSigningKey: rsa.publicKey })
        expect(await judge(accepting, sign({ alg }, claimsOf(), rsa.privateKey, 'RS256'))).toBe(
          'ERR_TOKEN_ALGORITHM_NOT_ALLOWED',
        )
        return
      }
      expect(await judge(issuer.options as never, await issuer.token())).toBe('success')
      expect(await judge(issuer.options as never, await issuer.wrongSignature())).toBe(
        'ERR_TOKEN_SIGNATURE_INVALID',
      )
    },
  )

  test.each([
    'none',
    'None',
    'NONE',
    'nOnE',
    '',
    ' none',
    'HS1',
    'RS1',
    'ES256K',
    'hs256',
    'toString',
    '__proto__',
  ])('is not asked for with the algorithm "%s"', async (alg) => {
    const accepting = options({ validAlgorithms: undefined })
    const signed = sign({ alg }, claimsOf(), secret, 'HS256')
    const unsigned = `${encode({ alg })}.${encode(claimsOf())}.`
    expect(await judge(accepting, signed)).toBe('ERR_TOKEN_ALGORITHM_NOT_ALLOWED')
    expect(await judge(accepting, unsigned)).toBe('ERR_TOKEN_ALGORITHM_NOT_ALLOWED')
  })

  const publicTexts: [string, string | Buffer][] = [
    ['PEM text', rsa.publicKey.export({ format: 'pem', type: 'spki' })],
    [
      'PEM text without its last line end',
      String(rsa.publicKey.export({ format: 'pem', type: 'spki' })).trim(),
    ],
    ['PKCS #1 PEM text', rsa.publicKey.export({ format: 'pem', type: 'pkcs1' })],
    ['DER', rsa.publicKey.export({ format: 'der', type: 'spki' })],
    ['PKCS #1 DER', rsa.publicKey.export({ format: 'der', type: 'pkcs1' })],
    ['JWK', JSON.stringify(rsa.publicKey.export({ format: 'jwk' }))],
    ['modulus', String(rsa.publicKey.export({ format: 'jwk' }).n)],
  ]
  test.each(publicTexts)(
    'cannot be made with the %s of the public key as the secret of an HMAC',
    async (_case, text) => {
      for (const trusted of [rsa.publicKey, jwkOf(rsa.privateKey, { alg: 'RS256' })]) {
        const token = sign({ alg: 'HS256' }, claimsOf(), text)
        expect(await judge(keyOptions({ issuerSigningKey: trusted }), token)).toBe(
          'ERR_TOKEN_ALGORITHM_NOT_ALLOWED',
        )
      }
      const byResolver = keyOptions({ issuerSigningKeyResolver: () => rsa.publicKey })
      expect(await judge(byResolver, sign({ alg: 'HS256' }, claimsOf(), text))).toBe(
        'ERR_TOKEN_KEY_NOT_FOUND',
      )
    },
  )

  test.each<[string, string, Pair, signedWith: string]>([
    ['a curve that is not of the algorithm', 'ES256', p384, 'ES256'],
    ['a wider curve than the algorithm has', 'ES384', p521, 'ES384'],
    ['RSA for an algorithm of curves', 'ES256', rsa, 'RS256'],
    ['a curve for an algorithm of RSA', 'RS256', p256, 'ES256'],
    ['a PSS key for PKCS #1', 'RS256', pss, 'PS256'],
    ['a PSS key of another hash', 'PS256', pss384, 'PS384'],
    ['Ed25519 for an algorithm of curves', 'ES256', ed25519, 'EdDSA'],
  ])('is not verified with %s', async (_case, alg, pair, signedWith) => {
    const accepting = keyOptions({ issuerSigningKey: pair.publicKey })
    const token = sign({ alg }, claimsOf(), pair.privateKey, signedWith)
    expect(await judge(accepting, token)).toBe('ERR_TOKEN_ALGORITHM_NOT_ALLOWED')
  })

  test.each<[string, (content: string) => Buffer]>([
    ['in ASN.1', (content) => signBytes('sha256', Buffer.from(content), p256.privateKey)],
    ['of zeros', () => Buffer.alloc(64)],
    ['one byte short', (content) => raw(content).subarray(0, 63)],
    ['one byte long', (content) => Buffer.concat([raw(content), Buffer.alloc(1)])],
    ['that is empty', () => Buffer.alloc(0)],
  ])('is refused with ES256 when it is a signature %s', async (_case, make) => {
    const content = `${encode({ alg: 'ES256', kid: 'k' })}.${encode(claimsOf())}`
    const accepting = keyOptions({ issuerSigningKey: jwkOf(p256.privateKey, { kid: 'k' }) })
    const token = (signature: Buffer) => `${content}.${signature.toString('base64url')}`
    expect(await judge(accepting, token(raw(content)))).toBe('success')
    expect(await judge(accepting, token(make(content)))).toBe('ERR_TOKEN_SIGNATURE_INVALID')
  })

  test.each(['HS256', 'RS256', 'PS256', 'EdDSA'])(
    'is refused with %s when its length is wrong',
    async (alg) => {
      const [, trusted, signer] = algorithms.find(
        ([name]) => name === alg,
      ) as (typeof algorithms)[0]
      const token = sign({ alg }, claimsOf(), signer)
      const [header, payload, signature] = token.split('.') as [string, string, string]
      const bytes = Buffer.from(signature, 'base64url')
      for (const wrong of [bytes.subarray(1), Buffer.concat([bytes, bytes]), Buffer.alloc(0)]) {
        const cut = `${header}.${payload}.${wrong.toString('base64url')}`
        expect(await judge(keyOptions({ issuerSigningKey: trusted }), cut)).toBe(
          'ERR_TOKEN_KEY_NOT_FOUND',
        )
      }
    },
  )

  test('is one of the secret given, not of one that differs in a byte', async () => {
    expect(await judge(options(), hs256())).toBe('success')
    const other = sign({ alg: 'HS256' }, claimsOf(), `${secret}.`)
    expect(await judge(options(), other)).toBe('ERR_TOKEN_KEY_NOT_FOUND')
  })
})

function raw(content: string): Buffer {
  return signBytes('sha256', Buffer.from(content), {
    key: p256.privateKey,
    dsaEncoding: 'ieee-p1363',
  })
}

describe('verifySignature', () => {
  test('finds no ML-DSA signature good with a key of another kind', async () => {
    const parsed = parseToken(
      sign({ alg: 'ML-DSA-44' }, claimsOf(), rsa.privateKey, 'RS256'),
      16_384,
    )
    expect(await verifySignature(parsed, rsa.publicKey)).toBe(false)
  })
})
