import { describe, expect, test } from 'vitest'
import { checkJwk, importProofKey, thumbprintOf } from '../../src/dpop/proof-key.js'
import { clientKey, judge, K, proofOf, useOf } from './set-up.js'

// RFC 7638 section 3.1 and RFC 8037 appendix A.3.
const vectors = {
  rsa: {
    kty: 'RSA',
    n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
    e: 'AQAB',
    alg: 'RS256',
    kid: '2011-04-29',
  },
  ed25519: { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' },
}

describe('thumbprintOf', () => {
  test.each([
    ['RFC 7638', vectors.rsa, 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'],
    ['RFC 8037', vectors.ed25519, 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k'],
  ])('computes the example of %s', (_name, jwk, thumbprint) => {
    expect(thumbprintOf(jwk)).toBe(thumbprint)
  })

  test('takes the algorithm of a post-quantum key in', () => {
    const jwk = { kty: 'AKP', alg: 'ML-DSA-44', pub: 'AA' }
    expect(thumbprintOf(jwk)).not.toBe(thumbprintOf({ ...jwk, alg: 'ML-DSA-65' }))
  })
})

describe('checkJwk', () => {
  const rsa = clientKey('RS256')

  test.each<[name: string, members: object]>([
    ['as it is', {}],
    ['for signatures', { use: 'sig', key_ops: ['verify'], alg: 'ES256' }],
    ['for more than that', { key_ops: ['sign', 'verify'] }],
    ['without values', { use: null, key_ops: '', alg: null, d: null, k: '' }],
    ['with things that are not followed', { kid: 'x', x5c: ['x'], jku: 'https://evil.example/' }],
  ])('takes a key %s', async (_name, members) => {
    const proof = proofOf({ header: { jwk: { ...K.jwk, ...members } } })
    expect(await judge({}, useOf(proof))).toBe('proved')
  })

  test.each<[name: string, jwk: unknown]>([
    ['null', null],
    ['a text', 'x'],
    ['an array', [K.jwk]],
    ...['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'].map(
      (name) => [`a private member, ${name}`, { ...K.jwk, [name]: 'AA' }] as [string, unknown],
    ),
    ['a private member that is no text', { ...K.jwk, oth: [] }],
    ['no kty', { ...K.jwk, kty: undefined }],
    ['a key of another kind', rsa.jwk],
    ['a shared secret', { kty: 'oct', k: 'AAAA' }],
    ['another curve', clientKey('ES384').jwk],
    ['no y', { ...K.jwk, y: undefined }],
    ['an empty x', { ...K.jwk, x: '' }],
    ['an x that is no text', { ...K.jwk, x: 5 }],
    ['use for encryption', { ...K.jwk, use: 'enc' }],
    ['operations without verify', { ...K.jwk, key_ops: ['sign'] }],
    ['operations that are a text', { ...K.jwk, key_ops: 'verify' }],
    ['another alg', { ...K.jwk, alg: 'ES384' }],
  ])('refuses %s', async (_name, jwk) => {
    expect(await judge({}, useOf(proofOf({ header: { jwk } })))).toBe('jwk')
  })

  test('takes the two names of Ed25519 for one', () => {
    const jwk = { ...vectors.ed25519, alg: 'EdDSA' }
    expect(checkJwk(jwk, 'Ed25519')).toBe(jwk)
    expect(checkJwk({ ...jwk, alg: 'Ed25519' }, 'EdDSA')).toBeDefined()
  })

  test('finds a key that the token is bound to and that is none, at the import', async () => {
    const bound = async (jwk: Record<string, string>, alg: string) => {
      const key = { ...clientKey(alg), jwk }
      const use = useOf(proofOf({ key }), { thumbprint: thumbprintOf(jwk) })
      return judge({}, use)
    }
    const offCurve = { ...(K.jwk as Record<string, string>), y: K.jwk['x'] as string }
    expect(await bound(offCurve, 'ES256')).toBe('jwk')
    const short = { kty: 'RSA', e: 'AQAB', n: Buffer.alloc(255, 0xff).toString('base64url') }
    expect(await bound(short, 'RS256')).toBe('jwk')
  })

  test('imports what the key needs, and nothing else of it', () => {
    const { key } = importProofKey({ ...K.jwk, d: 'AA' })
    expect(key.type).toBe('public')
  })

  test('knows the keys of post-quantum algorithms by their name', () => {
    const jwk = { kty: 'AKP', alg: 'ML-DSA-44', pub: 'AA' }
    expect(checkJwk(jwk, 'ML-DSA-44')).toBe(jwk)
    expect(() => checkJwk(jwk, 'ML-DSA-65')).toThrow('unacceptable jwk')
  })
})
