import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, expect, test, vi } from 'vitest'
import {
  jwtBearer,
  SigningKeyNotFoundError,
  symmetricKey,
  type IssuerSigningKey,
  type IssuerSigningKeyResolver,
} from 'express-jwt-bearer'
import {
  authenticate,
  claimsOf,
  hs256,
  judge,
  jwkOf,
  keyOptions,
  outcomeOf,
  secret,
  sign,
} from '../../support/tokens.js'

const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const pemOf = (signer: KeyObject) =>
  createPublicKey(signer).export({ format: 'pem', type: 'spki' }) as string
const jwk = jwkOf(key, { kid: 'k' })
const strange = jwkOf(other, { kid: 'k' })
const withKid = sign({ alg: 'ES256', kid: 'k' }, claimsOf(), key)
const withoutKid = sign({ alg: 'ES256' }, claimsOf(), key)

const notFound = 'ERR_TOKEN_KEY_NOT_FOUND'
const badSignature = 'ERR_TOKEN_SIGNATURE_INVALID'
const unavailable = 'ERR_METADATA_UNAVAILABLE'
const broken = 'ERR_CONFIGURATION'
const pem = pemOf(key)

describe('issuerSigningKeyResolver', () => {
  test.each<[string, () => unknown, string, string]>([
    ['the key', () => jwk, 'success', 'success'],
    ['the key, later', () => Promise.resolve(jwk), 'success', 'success'],
    ['several keys', () => [strange, jwk], 'success', 'success'],
    ['a key set', () => ({ keys: [strange, jwk] }), 'success', 'success'],
    ['a key of another name', () => ({ ...jwk, kid: 'x' }), 'success', 'success'],
    ['a broken key beside the key', () => [{ kty: 'X' }, jwk], 'success', 'success'],
    ['the wrong key', () => strange, badSignature, notFound],
    ['nothing', () => undefined, notFound, notFound],
    ['null', () => null, notFound, notFound],
    ['nothing, later', () => Promise.resolve(undefined), notFound, notFound],
    ['an empty list', () => [], notFound, notFound],
    ['an empty key set', () => ({ keys: [] }), notFound, notFound],
    ['a key of a kind nobody knows', () => ({ kty: 'X' }), notFound, notFound],
    ['a key for another purpose', () => ({ ...jwk, use: 'enc' }), notFound, notFound],
    ['a broken key', () => ({ ...jwk, x: 'AA' }), broken, broken],
    ['a text that is no key', () => secret, broken, broken],
    ['an empty text', () => '', broken, broken],
    ['PEM text with rubbish inside', () => pem.replace('M', '?'), broken, broken],
    ['bytes', () => Buffer.from(pem), broken, broken],
    ['a set of keys that are all broken', () => ({ keys: [{ kty: 'EC' }] }), notFound, notFound],
    ['a number', () => 5, broken, broken],
    ['null in a list', () => [null], notFound, notFound],
    ['false', () => false, broken, broken],
    ['a key for another algorithm', () => symmetricKey(secret), notFound, notFound],
    [
      'an error of its own kind',
      () => {
        throw new SigningKeyNotFoundError()
      },
      notFound,
      notFound,
    ],
    [
      'a throw',
      () => {
        throw new Error('down')
      },
      unavailable,
      unavailable,
    ],
    ['a rejection', () => Promise.reject(new Error('down')), unavailable, unavailable],
  ])('may give %s', async (_case, resolve, named, unnamed) => {
    for (const tryAllIssuerSigningKeys of [true, false]) {
      const given = keyOptions({
        issuerSigningKeyResolver: resolve as IssuerSigningKeyResolver,
        tryAllIssuerSigningKeys,
      })
      expect(await judge(given, withKid)).toBe(named)
      expect(await judge(given, withoutKid)).toBe(unnamed)
    }
  })

  test('gets the header and takes the place of all other keys', async () => {
    const issuerSigningKeyResolver = vi.fn(() => undefined)
    const given = keyOptions({ issuerSigningKey: jwk, issuerSigningKeyResolver })
    expect(await judge(given, withKid)).toBe(notFound)
    expect(issuerSigningKeyResolver).toHaveBeenCalledWith({ alg: 'ES256', kid: 'k' })
  })

  test('gets a header that nobody can change', async () => {
    const issuerSigningKeyResolver = vi.fn((header: object) => {
      expect(Object.isFrozen(header)).toBe(true)
      return jwk
    })
    expect(await judge(keyOptions({ issuerSigningKeyResolver }), withKid)).toBe('success')
  })

  test.each<[string, (mine: Record<string, string>) => unknown]>([
    ['a key', (mine) => mine],
    ['a set', (mine) => ({ keys: [mine] })],
  ])('trusts what %s says now, not what the same object said before', async (_what, wrap) => {
    const mine = { ...jwk }
    const answer = wrap(mine) as IssuerSigningKey
    const { authenticate: ask } = jwtBearer(keyOptions({ issuerSigningKeyResolver: () => answer }))
    const judgeKnown = async () =>
      outcomeOf(await ask({ headers: { authorization: `Bearer ${withKid}` } }))
    expect(await judgeKnown()).toBe('success')
    Object.assign(mine, strange)
    expect(await judgeKnown()).toBe(badSignature)
    Object.assign(mine, jwk)
    expect(await judgeKnown()).toBe('success')
  })

  test('is believed once a set that was empty holds the key', async () => {
    const keys: Record<string, string>[] = []
    const { authenticate: ask } = jwtBearer(
      keyOptions({ issuerSigningKeyResolver: () => ({ keys }) as never }),
    )
    const judged = async () =>
      outcomeOf(await ask({ headers: { authorization: `Bearer ${withKid}` } }))
    expect(await judged()).toBe(notFound)
    keys.push(jwk)
    expect(await judged()).toBe('success')
    keys.pop()
    expect(await judged()).toBe(notFound)
  })

  test('serves a secret whose bytes are changed afterwards as it was', async () => {
    const bytes = Buffer.from(secret)
    const answer = symmetricKey(bytes)
    const { authenticate: ask } = jwtBearer(keyOptions({ issuerSigningKeyResolver: () => answer }))
    bytes.fill(1)
    expect((await ask({ headers: { authorization: `Bearer ${hs256()}` } })).kind).toBe('success')
  })

  test('may give a key that goes in circles, which is no key, beside the key', async () => {
    const circular: Record<string, unknown> = { kty: 'EC' }
    circular['x'] = circular
    const beside = keyOptions({ issuerSigningKeyResolver: () => [circular, jwk] as never })
    expect(await judge(beside, withKid)).toBe('success')
    const alone = keyOptions({ issuerSigningKeyResolver: () => circular })
    expect(await judge(alone, withKid)).toBe(broken)
  })

  test('does not show what is no key', async () => {
    const result = await authenticate(
      keyOptions({ issuerSigningKeyResolver: () => secret }),
      withKid,
    )
    expect(String((result as { error: Error }).error)).toBe(
      'ConfigurationError: "issuerSigningKeyResolver" returned something that cannot be used: a plain string must be PEM text; mark a shared secret with symmetricKey(secret)',
    )
  })

  test('is not asked about an algorithm that is not allowed', async () => {
    const issuerSigningKeyResolver = vi.fn(() => jwk)
    const given = keyOptions({ issuerSigningKeyResolver, validAlgorithms: ['RS256'] })
    expect(await judge(given, withKid)).toBe('ERR_TOKEN_ALGORITHM_NOT_ALLOWED')
    expect(issuerSigningKeyResolver).not.toHaveBeenCalled()
  })

  test('may serve secrets as well', async () => {
    const given = keyOptions({ issuerSigningKeyResolver: () => symmetricKey(secret) })
    expect(await judge(given, hs256())).toBe('success')
  })

  test('keeps its own error as the cause', async () => {
    const cause = new Error('down')
    const result = await authenticate(
      keyOptions({ issuerSigningKeyResolver: () => Promise.reject(cause) }),
      withKid,
    )
    expect(result).toMatchObject({ error: { cause, retryAfter: 1 } })
  })

  test.each<[string, () => IssuerSigningKey]>([
    ['object', () => jwk],
    ['text', () => pemOf(key)],
  ])('may come back with the same %s for the next token', async (_case, resolve) => {
    const middleware = jwtBearer(keyOptions({ issuerSigningKeyResolver: resolve }))
    for (const jti of ['1', '2']) {
      const authorization = `Bearer ${sign({ alg: 'ES256' }, claimsOf({ jti }), key)}`
      expect((await middleware.authenticate({ headers: { authorization } })).kind).toBe('success')
    }
  })

  test('may come back with a new text each time and with an old one again', async () => {
    const pem = pemOf(other)
    let calls = 0
    const resolve = () => `${String((calls += 1) % 150)}\n${pem}`
    const middleware = jwtBearer(keyOptions({ issuerSigningKeyResolver: resolve }))
    const outcomes = new Set<string>()
    for (let count = 0; count < 300; count += 1) {
      const result = await middleware.authenticate({
        headers: { authorization: `Bearer ${withKid}` },
      })
      outcomes.add(
        result.kind === 'failure' ? (result.error as Error & { code: string }).code : result.kind,
      )
    }
    expect([...outcomes]).toEqual([badSignature])
  })

  const long = `${secret}${secret}`
  const oct = { kty: 'oct', k: Buffer.from(long).toString('base64url') }
  const signedWithLong = sign({ alg: 'HS256' }, claimsOf(), long)

  test.each<[string, string, (time: number) => IssuerSigningKey, number, string]>([
    ['once for each use where its key is a new object', withKid, () => ({ ...jwk }), 2, 'success'],
    ['once for each use where its secret is', signedWithLong, () => ({ ...oct }), 2, 'success'],
    [
      'again where the key has another name',
      withKid,
      (time) => ({ ...jwk, kid: `k${String(time)}` }),
      3,
      'success',
    ],
    [
      'again where the key is for fewer algorithms',
      signedWithLong,
      (time) => ({ ...oct, ...(time > 1 && { alg: 'HS384' }) }),
      3,
      notFound,
    ],
    [
      'again where another key goes by the name',
      withKid,
      (time) => (time > 1 ? strange : jwk),
      3,
      badSignature,
    ],
  ])('is asked %s for a token that is known', async (_case, token, keyAt, times, second) => {
    const resolver = vi.fn(() => keyAt(resolver.mock.calls.length))
    const bearer = jwtBearer(keyOptions({ issuerSigningKeyResolver: resolver }))
    const request = { headers: { authorization: `Bearer ${token}` } }
    expect(outcomeOf(await bearer.authenticate(request))).toBe('success')
    expect(outcomeOf(await bearer.authenticate(request))).toBe(second)
    expect(resolver).toHaveBeenCalledTimes(times)
  })
})
