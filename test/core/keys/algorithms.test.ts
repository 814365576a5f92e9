import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  algorithmsOf,
  asymmetricAlgorithms,
  isAlgorithm,
  isSymmetric,
} from '../../../src/core/keys/algorithms.js'

const rsaPss = (hashAlgorithm?: string) =>
  generateKeyPairSync('rsa-pss', {
    modulusLength: 2048,
    ...(hashAlgorithm && { hashAlgorithm, mgf1HashAlgorithm: hashAlgorithm }),
  }).publicKey

describe('algorithmsOf', () => {
  test.each<[string, KeyObject, string[]]>([
    [
      'RSA',
      generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey,
      ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
    ],
    ['RSA of 1024 bits', generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey, []],
    ['RSA-PSS', rsaPss(), ['PS256', 'PS384', 'PS512']],
    ['RSA-PSS of SHA-384', rsaPss('sha384'), ['PS384']],
    ['P-384', generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey, ['ES384']],
    ['Ed25519', generateKeyPairSync('ed25519').publicKey, ['EdDSA', 'Ed25519']],
    ['X25519, which agrees on keys', generateKeyPairSync('x25519').publicKey, []],
    [
      'a kind that only newer Node versions have',
      { asymmetricKeyType: 'ml-dsa-65' } as never,
      ['ML-DSA-65'],
    ],
  ])('lists what a key can verify: %s', (_case, key, expected) => {
    expect(algorithmsOf(key)).toEqual(expected)
  })
})

describe('the algorithms', () => {
  test.each(['none', 'HS1', 'ES256K', 'dir', '__proto__', ''])('do not include "%s"', (name) => {
    expect(isAlgorithm(name)).toBe(false)
    expect(isSymmetric(name)).toBe(false)
  })

  test('tell secrets from public keys', () => {
    expect(isSymmetric('HS256')).toBe(true)
    expect(isSymmetric('RS256')).toBe(false)
    expect(asymmetricAlgorithms.some(isSymmetric)).toBe(false)
    expect(asymmetricAlgorithms).toContain('ES256')
  })
})
