import { symmetricKey, type JwtBearerOptions } from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { ask } from '../support/ask.js'

const issuer = await createTestIssuer({ alg: 'RS256' })
const { audience, issuer: iss } = issuer
const invalid = '401 Bearer error="invalid_token"'
const described = (text: string) => `${invalid}, error_description="${text}"`
const [jwk] = issuer.jwks.keys

const hmacWithPublicKey = () => {
  const pem = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })
    .export({ type: 'spki', format: 'pem' })
    .toString()
  return new SignJWT({ iss, aud: audience, sub: 'mallory', exp: 4000000000 })
    .setProtectedHeader({ alg: 'HS256', kid: jwk?.kid ?? '' })
    .sign(new TextEncoder().encode(pem))
}

describe('RFC 8725', () => {
  test.each<[section: string, rule: string, token: () => Promise<string>, answer: string]>([
    ['3.1', 'an algorithm that no key has is refused', hmacWithPublicKey, invalid],
    ['3.1', 'alg none is refused', () => issuer.unsigned(), invalid],
    [
      '3.1',
      'alg None in other letters is refused',
      async () => withHeader(await issuer.token(), { alg: 'nOnE' }),
      invalid,
    ],
    [
      '3.3',
      'a signature that does not hold is refused',
      () => issuer.wrongSignature(),
      described('The signature is invalid'),
    ],
    [
      '3.8',
      'an issuer that does not own the key is refused',
      () => issuer.wrongIssuer(),
      described('The issuer is invalid'),
    ],
    [
      '3.9',
      'a token for another audience is refused',
      () => issuer.wrongAudience(),
      described('The audience is invalid'),
    ],
    [
      '3.10',
      'a kid is looked up and nothing else',
      () => issuer.wrongSignature({}),
      described('The signature is invalid'),
    ],
    [
      '3.10',
      'a key that the token brings is not trusted',
      async () => withHeader(await issuer.wrongSignature(), { alg: 'RS256', kid: 'own', jwk }),
      described('The signature key was not found'),
    ],
    [
      '3.10',
      'an address that the token brings is not followed',
      async () =>
        withHeader(await issuer.wrongSignature(), {
          alg: 'RS256',
          kid: 'own',
          jku: 'http://127.0.0.1:1/',
        }),
      described('The signature key was not found'),
    ],
    [
      '3.11',
      'a token of another kind is refused',
      () => issuer.token({}, { header: { typ: 'secevent+jwt' } }),
      invalid,
    ],
    [
      '3.12',
      'a logout token is no access token',
      () => issuer.token({}, { header: { typ: 'logout+jwt' } }),
      invalid,
    ],
  ])('section %s: %s', async (_section, _rule, token, expected) => {
    expect(await ask(issuer.options, `Bearer ${await token()}`)).toBe(expected)
  })

  test('section 3.5: a secret shorter than its hash is refused at start-up', async () => {
    const options = (length: number): JwtBearerOptions => ({
      audience: 'api://orders',
      tokenValidationParameters: {
        validIssuer: 'https://issuer.test',
        issuerSigningKey: symmetricKey(Uint8Array.from({ length }, (_, index) => index * 7)),
      },
    })
    await expect(ask(options(31), undefined)).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
    expect(await ask(options(32), undefined)).toBe('401 Bearer')
  })
})

function withHeader(token: string, header: object): string {
  const [, payload, signature] = token.split('.')
  const encoded = Buffer.from(JSON.stringify(header)).toString('base64url')
  return [encoded, payload, signature].join('.')
}
