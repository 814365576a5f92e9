import { describe, expect, test } from 'vitest'
import { shownAddress, withoutSecrets } from '../../src/internal/shown-address.js'

describe('shownAddress', () => {
  test.each([
    ['a plain address', 'https://issuer.test/realms/a', 'https://issuer.test/realms/a'],
    ['a port', 'http://127.0.0.1:8080/', 'http://127.0.0.1:8080/'],
    ['user and password', 'https://user:secret@issuer.test/a', 'https://issuer.test/a'],
    ['a user alone', 'https://secret@issuer.test', 'https://issuer.test'],
    ['a query', 'https://issuer.test/a?key=secret', 'https://issuer.test/a'],
    ['a fragment', 'https://issuer.test/a#secret', 'https://issuer.test/a'],
    ['both', 'https://user:secret@issuer.test/a?key=secret', 'https://issuer.test/a'],
    ['a password with a slash', 'https://user:sec/ret@issuer.test/a', 'https://issuer.test/a'],
    ['a password with an @', 'https://user:secret@secret@issuer.test', 'https://issuer.test'],
    [
      'a password with a line break',
      'https://user:secret\nsecret@issuer.test',
      'https://issuer.test',
    ],
    ['a password with a question mark', 'https://user:secret?secret@issuer.test', 'https://…'],
    ['a query with an @', 'https://issuer.test/?mail=secret@secret.test', 'https://…'],
    ['backslashes', 'https:\\\\user:secret@issuer.test', 'https:\\\\issuer.test'],
    ['no scheme', 'issuer.test/a?key=secret', 'issuer.test/a'],
    ['user and password without a scheme', 'user:secret@issuer.test/a', 'issuer.test/a'],
    ['a scheme without slashes', 'https:user:secret@issuer.test', 'issuer.test'],
    ['another scheme', 'redis://user:secret@redis.test:6379', 'redis://redis.test:6379'],
    ['nothing', '', ''],
  ])('shows of an address with %s what may be seen', (_what, address, shown) => {
    expect(shownAddress(address)).toBe(shown)
    expect(shownAddress(address)).not.toContain('secret')
  })
})

describe('withoutSecrets', () => {
  test.each([
    ['no address', 'fetch failed', 'fetch failed'],
    [
      'an address with a query',
      'request to https://user:secret@issuer.test/jwks?key=secret failed, reason: connect ECONNREFUSED',
      'request to https://issuer.test/jwks failed, reason: connect ECONNREFUSED',
    ],
    [
      'several addresses',
      '"https://a.test/?secret" and http://secret@b.test',
      '"https://a.test/" and http://b.test',
    ],
  ])('leaves of a text with %s what may be seen', (_what, text, shown) => {
    expect(withoutSecrets(text)).toBe(shown)
  })
})
