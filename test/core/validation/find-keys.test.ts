import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { IssuerSigningKey } from 'express-jwt-bearer'
import { certificate, certificateKey } from '../../support/certificate.js'
import { claimsOf, judge, jwkOf, keyOptions, sign } from '../../support/tokens.js'

const makeKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const [first, second, third] = [makeKey(), makeKey(), makeKey()]
const other = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey

const notFound = 'ERR_TOKEN_KEY_NOT_FOUND'
const badSignature = 'ERR_TOKEN_SIGNATURE_INVALID'

const a = jwkOf(first, { kid: 'a' })
const b = jwkOf(second, { kid: 'b' })
const unnamed = jwkOf(first)

describe('the choice of keys', () => {
  test.each<[string, IssuerSigningKey[], object, string, string]>([
    ['a token that names its key', [a, b], { kid: 'a' }, 'success', 'success'],
    ['a token that names another known key', [a, b], { kid: 'b' }, badSignature, badSignature],
    ['a token that names no key', [a, b], {}, 'success', notFound],
    ['a token that names an unknown key', [a, b], { kid: 'c' }, 'success', notFound],
    [
      'a token that names a key when keys have no names',
      [unnamed],
      { kid: 'a' },
      'success',
      notFound,
    ],
    ['a token that names no key, signed with none of the known', [b], {}, notFound, notFound],
    [
      'a token that names an unknown key, signed with none of the known',
      [b],
      { kid: 'c' },
      notFound,
      notFound,
    ],
    [
      'two keys of one name, the second right',
      [{ ...b, kid: 'a' }, a],
      { kid: 'a' },
      'success',
      'success',
    ],
    [
      'two keys of one name, none right',
      [
        { ...b, kid: 'a' },
        { ...jwkOf(third), kid: 'a' },
      ],
      { kid: 'a' },
      badSignature,
      badSignature,
    ],
    ['a name that differs in case', [a], { kid: 'A' }, 'success', notFound],
    [
      'a name of a key for another algorithm',
      [a, jwkOf(other, { kid: 'x' })],
      { kid: 'x' },
      'success',
      notFound,
    ],
    ['an empty name, which is none', [{ ...a, kid: '' }], { kid: '' }, 'success', notFound],
  ])(
    'is right for %s, whether all keys are tried or not',
    async (_case, keys, header, tried, strict) => {
      const token = sign({ alg: 'ES256', ...header }, claimsOf(), first)
      const judged = (tryAllIssuerSigningKeys?: boolean) =>
        judge(keyOptions({ issuerSigningKeys: keys, tryAllIssuerSigningKeys }), token)
      expect(await judged()).toBe(tried)
      expect(await judged(true)).toBe(tried)
      expect(await judged(false)).toBe(strict)
    },
  )

  test('never lets one key of a set vouch for another algorithm than its own', async () => {
    const es256 = { ...a, alg: 'ES256' }
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    const keys = [es256, jwkOf(rsa, { kid: 'r', alg: 'RS256' })]
    const judged = (alg: string) =>
      judge(keyOptions({ issuerSigningKeys: keys }), sign({ alg, kid: 'r' }, claimsOf(), rsa))
    expect(await judged('RS256')).toBe('success')
    expect(await judged('RS384')).toBe('ERR_TOKEN_ALGORITHM_NOT_ALLOWED')
    expect(await judged('PS256')).toBe('ERR_TOKEN_ALGORITHM_NOT_ALLOWED')
  })

  const day = 86_400_000
  const [start, end] = [Date.UTC(2030, 0, 1), Date.UTC(2030, 1, 1)]
  const x5c = [certificate.replace(/-----[A-Z ]+-----|\s/g, '')]
  const certified: [string, IssuerSigningKey][] = [
    ['PEM certificate', certificate],
    ['JWK with a certificate', { ...jwkOf(certificateKey), x5c }],
  ]
  test.each(certified)('looks at the dates of a %s only when told to', async (_case, key) => {
    const judged = (clock: number, validateIssuerSigningKey?: boolean, clockSkew?: number) => {
      const claims = claimsOf({ iat: undefined, exp: clock / 1000 + 60 })
      const parameters = { issuerSigningKey: key, validateIssuerSigningKey, clockSkew }
      const given = { ...keyOptions(parameters), clock: () => clock }
      return judge(given, sign({ alg: 'ES256' }, claims, certificateKey))
    }
    expect(await judged(start - day)).toBe('success')
    expect(await judged(end + day, false)).toBe('success')
    expect(await judged(start, true, 0)).toBe('success')
    expect(await judged(start - 1, true, 0)).toBe(notFound)
    expect(await judged(end, true, 0)).toBe('success')
    expect(await judged(end + 1, true, 0)).toBe(notFound)
    expect(await judged(start - 300_000, true)).toBe('success')
    expect(await judged(start - 300_001, true)).toBe(notFound)
    expect(await judged(end + 300_000, true)).toBe('success')
    expect(await judged(end + 300_001, true)).toBe(notFound)
  })

  test('accepts keys without a certificate when dates are looked at', async () => {
    const given = keyOptions({ issuerSigningKey: a, validateIssuerSigningKey: true })
    expect(await judge(given, sign({ alg: 'ES256' }, claimsOf(), first))).toBe('success')
  })
})
