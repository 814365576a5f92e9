import { createSecretKey, generateKeyPairSync, webcrypto } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { jwtBearer, symmetricKey, type IssuerSigningKey } from 'express-jwt-bearer'
import { certificate, certificateKey } from '../../support/certificate.js'
import {
  claimsOf,
  judge,
  jwkOf,
  keyOptions,
  secret,
  setUpError,
  sign,
} from '../../support/tokens.js'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const small = generateKeyPairSync('rsa', { modulusLength: 2040 })
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ed25519 = generateKeyPairSync('ed25519')
const ed448 = generateKeyPairSync('ed448')
const secp256k1 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
const pkcs1 = (key = rsa) => key.publicKey.export({ format: 'pem', type: 'pkcs1' }) as string
const spki = (key: { publicKey: typeof rsa.publicKey }) =>
  key.publicKey.export({ format: 'pem', type: 'spki' }) as string
const x5c = [certificate.replace(/-----[A-Z ]+-----|\s/g, '')]
const bytes = Buffer.from(secret)

function cryptoKey(
  key: typeof rsa.publicKey,
  algorithm: webcrypto.Algorithm,
  usages: 'verify'[] = ['verify'],
) {
  const der = key.export({ format: 'der', type: 'spki' })
  return webcrypto.subtle.importKey('spki', der, algorithm, true, usages)
}

const hashed = (name: string, hash = 'SHA-256') => ({ name, hash }) as webcrypto.Algorithm
const hmacKey = (hash: string, usage: 'verify' | 'sign' = 'verify') =>
  webcrypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash }, true, [usage])

describe('a key', async () => {
  const hs = (alg = 'HS256') => sign({ alg }, claimsOf(), secret)
  const rs = (alg = 'RS256') => sign({ alg }, claimsOf(), rsa.privateKey)
  const es = () => sign({ alg: 'ES256' }, claimsOf(), p256.privateKey)
  const ed = (alg = 'EdDSA') => sign({ alg }, claimsOf(), ed25519.privateKey)
  const certified = () => sign({ alg: 'ES256' }, claimsOf(), certificateKey)

  test.each<[string, IssuerSigningKey, string]>([
    ['a marked secret of text', symmetricKey(secret), hs()],
    ['a marked secret of bytes', symmetricKey(bytes), hs()],
    ['a marked secret of a plain Uint8Array', symmetricKey(new Uint8Array(bytes)), hs()],
    ['a marked secret for a longer hash', symmetricKey(secret), hs('HS384')],
    ['an oct JWK', { kty: 'oct', k: bytes.toString('base64url') }, hs()],
    [
      'an oct JWK with its algorithm',
      { kty: 'oct', k: bytes.toString('base64url'), alg: 'HS384' },
      hs('HS384'),
    ],
    ['a secret KeyObject', createSecretKey(bytes), hs()],
    ['an HMAC CryptoKey', await hmacKey('SHA-384'), hs('HS384')],
    ['SPKI PEM text', spki(rsa), rs()],
    ['SPKI PEM text after other text', `issuer key\n${spki(rsa)}`, rs('PS512')],
    ['PKCS #1 PEM text', pkcs1(), rs()],
    ['a certificate', certificate, certified()],
    ['an RSA JWK', jwkOf(rsa.privateKey), rs('PS256')],
    ['an RSA JWK with its algorithm', jwkOf(rsa.privateKey, { alg: 'RS384' }), rs('RS384')],
    [
      'an RSA JWK with use and operations',
      jwkOf(rsa.privateKey, { use: 'sig', key_ops: ['verify'] }),
      rs(),
    ],
    ['an EC JWK', jwkOf(p256.privateKey), es()],
    ['an OKP JWK', jwkOf(ed25519.privateKey), ed()],
    [
      'an OKP JWK whose algorithm has the other name',
      jwkOf(ed25519.privateKey, { alg: 'Ed25519' }),
      ed('EdDSA'),
    ],
    [
      'an OKP JWK whose algorithm has the older name',
      jwkOf(ed25519.privateKey, { alg: 'EdDSA' }),
      ed('Ed25519'),
    ],
    ['a JWK with a certificate', jwkOf(certificateKey, { x5c }), certified()],
    ['a JWK with an empty certificate chain', jwkOf(certificateKey, { x5c: [] }), certified()],
    ['a JWK whose name is no text', jwkOf(p256.privateKey, { kid: 5 }), es()],
    ['a JWK set', { keys: [jwkOf(p256.privateKey), jwkOf(rsa.privateKey)] }, rs()],
    ['an RSA KeyObject', rsa.publicKey, rs()],
    ['an Ed25519 KeyObject', ed25519.publicKey, ed()],
    [
      'an RS512 CryptoKey',
      await cryptoKey(rsa.publicKey, hashed('RSASSA-PKCS1-v1_5', 'SHA-512')),
      rs('RS512'),
    ],
    ['a PS256 CryptoKey', await cryptoKey(rsa.publicKey, hashed('RSA-PSS')), rs('PS256')],
    [
      'an ECDSA CryptoKey',
      await cryptoKey(p256.publicKey, { name: 'ECDSA', namedCurve: 'P-256' } as never),
      es(),
    ],
    ['an Ed25519 CryptoKey', await cryptoKey(ed25519.publicKey, { name: 'Ed25519' }), ed()],
  ])('may be %s', async (_case, key, token) => {
    expect(await judge(keyOptions({ issuerSigningKey: key }), token)).toBe('success')
    expect(await judge(keyOptions({ issuerSigningKeys: [key] }), token)).toBe('success')
    expect(await judge(keyOptions({ issuerSigningKeyResolver: () => key }), token)).toBe('success')
  })

  test.each<[string, IssuerSigningKey, string]>([
    [
      'an oct JWK for another hash',
      { kty: 'oct', k: bytes.toString('base64url'), alg: 'HS384' },
      hs(),
    ],
    ['an RSA JWK for another algorithm', jwkOf(rsa.privateKey, { alg: 'RS384' }), rs()],
    [
      'a CryptoKey for another hash',
      await cryptoKey(rsa.publicKey, hashed('RSA-PSS')),
      rs('PS384'),
    ],
    ['a CryptoKey for another padding', await cryptoKey(rsa.publicKey, hashed('RSA-PSS')), rs()],
    ['an HMAC CryptoKey for another hash', await hmacKey('SHA-256'), hs('HS384')],
  ])('vouches for its own algorithm alone: %s', async (_case, key, token) => {
    expect(await judge(keyOptions({ issuerSigningKey: key }), token)).toBe(
      'ERR_TOKEN_ALGORITHM_NOT_ALLOWED',
    )
  })

  const rsaJwk = jwkOf(rsa.privateKey)
  test.each<[string, unknown, string]>([
    [
      'a plain text',
      secret,
      'a plain string must be PEM text; mark a shared secret with symmetricKey(secret)',
    ],
    [
      'an empty text',
      '',
      'a plain string must be PEM text; mark a shared secret with symmetricKey(secret)',
    ],
    [
      'null',
      null,
      'a key must be symmetricKey(secret), PEM text, a JWK, a JWK set, a KeyObject or a CryptoKey, got null',
    ],
    ['a number', 5, 'a KeyObject or a CryptoKey, got number'],
    ['an empty object', {}, 'a KeyObject or a CryptoKey, got object'],
    ['plain bytes', bytes, 'a KeyObject or a CryptoKey, got object'],
    ['a function', () => rsaJwk, 'a KeyObject or a CryptoKey, got function'],
    ['PEM text cut short', spki(rsa).slice(0, 80), 'the PEM text cannot be read as a key'],
    [
      'a certificate cut short',
      `${certificate.slice(0, 200)}\n-----END CERTIFICATE-----`,
      'the PEM text cannot be read as a key',
    ],
    [
      'private PEM text',
      rsa.privateKey.export({ format: 'pem', type: 'pkcs8' }),
      'the key is private; an API that checks tokens needs only the public one',
    ],
    [
      'private EC PEM text',
      p256.privateKey.export({ format: 'pem', type: 'sec1' }),
      'the key is private',
    ],
    ['a private KeyObject', rsa.privateKey, 'the key is private'],
    ['a private JWK', rsa.privateKey.export({ format: 'jwk' }), 'the key is private'],
    [
      'a private JWK of ML-DSA',
      { kty: 'AKP', alg: 'ML-DSA-44', pub: 'AAAA', priv: 'AAAA' },
      'the key is private',
    ],
    [
      'a private CryptoKey',
      (
        await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
          'sign',
          'verify',
        ])
      ).privateKey,
      'the key is private',
    ],
    [
      'a CryptoKey that may not verify',
      await cryptoKey(p256.publicKey, { name: 'ECDH', namedCurve: 'P-256' } as never, []),
      'the CryptoKey was not imported with the usage "verify"',
    ],
    [
      'an HMAC CryptoKey that may only sign',
      await hmacKey('SHA-256', 'sign'),
      'the CryptoKey was not imported with the usage "verify"',
    ],
    [
      'an HMAC CryptoKey of SHA-1',
      await hmacKey('SHA-1'),
      'the "alg" of the key is not a signature algorithm',
    ],
    [
      'a CryptoKey for a hash its secret is too short for',
      await hmacKey('SHA-512'),
      'the key cannot verify its own "alg", HS512',
    ],
    ['an RSA key of 2040 bits', pkcs1(small), 'RSA keys need 2048 bits or more, got 2040'],
    [
      'an RSA JWK of 2040 bits',
      jwkOf(small.privateKey),
      'RSA keys need 2048 bits or more, got 2040',
    ],
    [
      'a curve of no JWT algorithm',
      spki(secp256k1),
      'no JWT signature algorithm uses this kind of key (secp256k1)',
    ],
    [
      'a kind of key of no JWT algorithm',
      spki(ed448),
      'no JWT signature algorithm uses this kind of key (ed448)',
    ],
    [
      'a JWK for encryption',
      { ...rsaJwk, use: 'enc' },
      'the JWK is not meant for signatures ("use" is not "sig")',
    ],
    [
      'a JWK that may not verify',
      { ...rsaJwk, key_ops: ['sign'] },
      'the JWK is not meant to verify ("key_ops" lacks "verify")',
    ],
    [
      'a JWK with operations that are no list',
      { ...rsaJwk, key_ops: 'verify' },
      'the JWK is not meant to verify',
    ],
    [
      'a JWK of another algorithm than its kind',
      { ...rsaJwk, alg: 'ES256' },
      'the key cannot verify its own "alg", ES256',
    ],
    [
      'a JWK of an encryption algorithm',
      { ...rsaJwk, alg: 'RSA-OAEP' },
      'the "alg" of the key is not a signature algorithm',
    ],
    ['a JWK of a kind nobody knows', { kty: 'X' }, 'the JWK cannot be read as a key'],
    ['a JWK without its parts', { kty: 'RSA' }, 'the JWK cannot be read as a key'],
    [
      'an oct JWK without a secret',
      { kty: 'oct' },
      'a secret must be a string or a Uint8Array, got undefined',
    ],
    [
      'a short oct JWK',
      { kty: 'oct', k: 'c2hvcnQ' },
      'the secret has 5 bytes, HS256 needs 32 or more',
    ],
    [
      'a short secret KeyObject',
      createSecretKey(Buffer.alloc(31, 'ab')),
      'the secret has 31 bytes',
    ],
    ['an empty JWK set', { keys: [] }, 'the key set holds no key that can verify a signature'],
    [
      'a JWK set without a good key',
      { keys: [{ kty: 'X' }, null, 'text', { ...rsaJwk, use: 'enc' }] },
      'the key set holds no key that can verify a signature',
    ],
  ])('is refused at start-up when it is %s', (_case, key, message) => {
    for (const [name, parameters] of [
      ['issuerSigningKey', { issuerSigningKey: key }],
      ['issuerSigningKeys[1]', { issuerSigningKeys: [rsa.publicKey, key] }],
    ] as [string, object][]) {
      const error = setUpError(() => jwtBearer(keyOptions(parameters)))
      expect(error.code).toBe('ERR_CONFIGURATION')
      expect(error.message).toContain(`"tokenValidationParameters.${name}" cannot be used: `)
      expect(error.message).toContain(message)
      for (const text of [secret, 'c2hvcnQ', String(rsaJwk['n']), 'MII']) {
        expect(`${error.message}${error.stack ?? ''}`).not.toContain(text)
      }
      expect(error.cause).toBeUndefined()
    }
  })

  test.each<[string, unknown]>([
    ['a broken one', { ...rsaJwk, n: '' }],
    ['one for encryption', { ...rsaJwk, use: 'enc' }],
    ['one that may not verify', { ...rsaJwk, key_ops: ['encrypt'] }],
    ['one of a kind nobody knows', { kty: 'X', kid: 'x' }],
    ['one of another algorithm than its kind', { ...rsaJwk, alg: 'ES256' }],
    ['one that is too small', jwkOf(small.privateKey)],
    ['a private one', rsa.privateKey.export({ format: 'jwk' })],
    ['null', null],
    ['a text', 'text'],
    ['one with broken certificates', { ...rsaJwk, x5c: 5 }],
  ])('works in a set beside %s', async (_case, foreign) => {
    const keys = [foreign, jwkOf(p256.privateKey), foreign] as never
    expect(await judge(keyOptions({ issuerSigningKey: { keys } }), es())).toBe('success')
  })

  test.each<[string, Record<string, unknown>]>([
    ['null in optional members', { use: null, key_ops: null, alg: null, kid: null, x5c: null }],
    ['empty optional members', { use: '', key_ops: '', alg: '', kid: '', x5c: '' }],
    ['null in private members', { d: null, p: null, oth: null, priv: null, k: null }],
    ['empty private members', { d: '', q: '', dp: '', dq: '', qi: '', k: '' }],
    ['a certificate that cannot be read', { x5c: ['AAAA'] }],
    ['a certificate that is no text', { x5c: [5] }],
    ['a certificate that is null', { x5c: [null] }],
    ['certificates that are none', { x5c: 5 }],
    ['members that nobody knows', { 'x5t#S256': { a: [1] }, ext: true }],
  ])('works although the JWK holds %s', async (_case, members) => {
    const jwk = { ...jwkOf(p256.privateKey), ...members } as never
    expect(await judge(keyOptions({ issuerSigningKey: jwk }), es())).toBe('success')
    expect(await judge(keyOptions({ issuerSigningKey: { keys: [jwk] } }), es())).toBe('success')
  })

  test.each<[string, unknown, string]>([
    ['none', undefined, 'success'],
    ['one that is null', null, 'success'],
    ['one that cannot be read', ['AAAA'], 'ERR_TOKEN_KEY_NOT_FOUND'],
    ['one that is no text', [5], 'ERR_TOKEN_KEY_NOT_FOUND'],
  ])(
    'is none where certificates count and it comes with %s, unless that is none',
    async (_case, chain, expected) => {
      const jwk = { ...jwkOf(p256.privateKey), x5c: chain } as never
      const given = keyOptions({ issuerSigningKey: jwk, validateIssuerSigningKey: true })
      expect(await judge(given, es())).toBe(expected)
    },
  )

  test.each(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'priv', 'k'])(
    'is refused when the JWK really holds the private member %s',
    (member) => {
      const jwk = { ...jwkOf(p256.privateKey), [member]: 'AAAA' } as never
      const error = setUpError(() => jwtBearer(keyOptions({ issuerSigningKey: jwk })))
      expect(error.message).toContain('the key is private')
    },
  )

  test('that is a shared secret holds no other private member', () => {
    const oct = { kty: 'oct', k: Buffer.alloc(32, 'ab').toString('base64url'), d: 'AAAA' }
    expect(setUpError(() => jwtBearer(keyOptions({ issuerSigningKey: oct }))).message).toContain(
      'the key is private',
    )
  })

  const oneLine = (text: string, mark: string) => text.trim().replace(/\n/g, mark)
  test.each<[string, string]>([
    ['two characters', oneLine(spki(rsa), '\\n')],
    ['four characters', oneLine(spki(rsa), '\\r\\n')],
    ['blanks', oneLine(spki(rsa), ' ')],
    ['nothing', oneLine(spki(rsa), '')],
    ['tabs', oneLine(certificate, '\t')],
  ])(
    'is refused as PEM text with %s in the place of line breaks, and how to mend it is said',
    (_what, text) => {
      const error = setUpError(() => jwtBearer(keyOptions({ issuerSigningKey: text })))
      expect(error.code).toBe('ERR_CONFIGURATION')
      expect(error.message).toMatch(/line breaks; bring them back/)
      expect(error.message).not.toContain('MII')
    },
  )

  test('works as PEM text whose line breaks were brought back as the message says', async () => {
    const text = oneLine(spki(p256), '\\n').replaceAll('\\n', '\n')
    expect(await judge(keyOptions({ issuerSigningKey: text }), es())).toBe('success')
  })

  test('works as PEM text with line breaks of another system', async () => {
    const text = spki(p256).replace(/\n/g, '\r\n')
    expect(await judge(keyOptions({ issuerSigningKey: text }), es())).toBe('success')
  })

  test('is read once, so that later changes to its object do nothing', async () => {
    const jwk = jwkOf(p256.privateKey)
    const middleware = jwtBearer(keyOptions({ issuerSigningKey: jwk }))
    Object.assign(jwk, jwkOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey))
    const result = await middleware.authenticate({ headers: { authorization: `Bearer ${es()}` } })
    expect(result.kind).toBe('success')
  })

  test('of the RSA-PSS kind vouches for no PKCS #1 signature', () => {
    const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey
    const error = setUpError(() =>
      jwtBearer(keyOptions({ issuerSigningKey: pss, validAlgorithms: ['RS256'] })),
    )
    expect(error.message).toContain(
      '"tokenValidationParameters.validAlgorithms" holds RS256, but no key given is for it',
    )
  })
})
