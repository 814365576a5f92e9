import { generateKeyPairSync } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { jwtBearer, symmetricKey } from 'express-jwt-bearer'
import { certificate } from '../../support/certificate.js'
import { claimsOf, judge, options, secret, setUpError, sign } from '../../support/tokens.js'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwk = rsa.publicKey.export({ format: 'jwk' })
const der = rsa.publicKey.export({ format: 'der', type: 'spki' })
const pem = (key: { export: typeof rsa.publicKey.export }) =>
  key.export({ format: 'pem', type: 'spki' }) as string

function refusal(value: unknown, validAlgorithms?: string[]): string {
  const issuerSigningKey = symmetricKey(value as string)
  const error = setUpError(() => jwtBearer(options({ issuerSigningKey, validAlgorithms })))
  expect(error.code).toBe('ERR_CONFIGURATION')
  return error.message
}

describe('symmetricKey', () => {
  const key = 'the secret is a public or private key or a certificate'
  const placeholder = 'the secret is a placeholder from an example; put a random one in its place'

  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'got undefined; is its environment variable set?'],
    ['null', null, 'got null; is its environment variable set?'],
    ['a number', 1234567890, 'a secret must be a string or a Uint8Array, got number'],
    ['an object', { secret }, 'a secret must be a string or a Uint8Array, got object'],
    ['an array', [...Buffer.from(secret)], 'a secret must be a string or a Uint8Array, got object'],
    ['an empty text', '', 'the secret has 0 bytes'],
    [
      '31 bytes',
      secret.slice(0, 31),
      'the secret has 31 bytes, HS256 needs 32 or more (RFC 7518 section 3.2); make one with: openssl rand -base64 48',
    ],
    ['the placeholder of a template', 'REPLACE_WITH_A_SECRET_OF_32_BYTES_OR_MORE', placeholder],
    [
      'the placeholder of a template in small letters',
      'replace-me-with-a-secret-of-32-bytes-or-more',
      placeholder,
    ],
    [
      'the placeholder of a template in brackets',
      '<REPLACE_WITH_A_SECRET_OF_32_BYTES_OR_MORE>',
      placeholder,
    ],
    ['the secret of a well-known page', 'your-256-bit-secret', placeholder],
    [
      'the secret of a well-known page in quotes',
      '"a-string-secret-at-least-256-bits-long"',
      placeholder,
    ],
    [
      'the longer secret of a well-known page',
      'your-512-bit-secret-your-512-bit-secret-your-512-bit-secret-here',
      placeholder,
    ],
    [
      'the newer secret of a well-known page',
      'a-string-secret-at-least-256-bits-long',
      placeholder,
    ],
    ['a request to change it', ' CHANGE_ME_CHANGE_ME_CHANGE_ME_CHANGE_ME', placeholder],
    [
      'one repeated character',
      'x'.repeat(64),
      'the secret is one repeated character; make a random one',
    ],
    [
      'one repeated byte',
      Buffer.alloc(64, 7),
      'the secret is one repeated character; make a random one',
    ],
    ['public PEM text', pem(rsa.publicKey), key],
    ['PKCS #1 PEM text', rsa.publicKey.export({ format: 'pem', type: 'pkcs1' }), key],
    ['private PEM text', rsa.privateKey.export({ format: 'pem', type: 'pkcs8' }), key],
    ['a certificate', certificate, key],
    ['PEM text as bytes', Buffer.from(pem(ec.publicKey)), key],
    ['a JWK as text', JSON.stringify(jwk), key],
    ['a JWK set as text', JSON.stringify({ keys: [jwk] }, undefined, 2), key],
    ['DER', der, key],
    ['PKCS #1 DER', rsa.publicKey.export({ format: 'der', type: 'pkcs1' }), key],
    ['private DER', rsa.privateKey.export({ format: 'der', type: 'pkcs8' }), key],
    ['private PKCS #1 DER', rsa.privateKey.export({ format: 'der', type: 'pkcs1' }), key],
    ['private SEC 1 DER', ec.privateKey.export({ format: 'der', type: 'sec1' }), key],
    ['DER as base64', der.toString('base64'), key],
    ['DER as base64url', der.toString('base64url'), key],
    ['DER as base64 in lines', der.toString('base64').replace(/.{64}/g, '$&\n'), key],
    ['a certificate as base64', certificate.replace(/-----[A-Z ]+-----|\s/g, ''), key],
  ])('is refused at start-up with %s', (_case, value, message) => {
    const said = refusal(value)
    expect(said).toContain('"tokenValidationParameters.issuerSigningKey" cannot be used: ')
    expect(said).toContain(message)
    if (typeof value === 'string' && value !== '') expect(said).not.toContain(value.slice(0, 24))
  })

  test.each<[string, string | Uint8Array]>([
    ['32 bytes', secret.slice(0, 32)],
    ['32 bytes in fewer letters', 'ä'.repeat(15) + 'ab'],
    ['base64 that is no key', Buffer.from(`0${secret}`).toString('base64')],
    ['bytes that start like DER', Buffer.concat([Buffer.from([0x30]), Buffer.from(secret)])],
    ['text that starts like JSON', `{"secret":"${secret}"}`],
    ['a placeholder further on', `${secret}replace_me`],
    ['one character repeated but for the last', `${'x'.repeat(40)}y`],
  ])('is accepted with %s', async (_case, value) => {
    const token = sign({ alg: 'HS256' }, claimsOf(), Buffer.from(value))
    expect(await judge(options({ issuerSigningKey: symmetricKey(value) }), token)).toBe('success')
  })

  test.each([
    ['HS256', 32],
    ['HS384', 48],
    ['HS512', 64],
  ])('is long enough for %s with %i bytes and not with one less', async (alg, bytes) => {
    const long = `${secret}${secret}`
    const accepting = options({
      issuerSigningKey: symmetricKey(long.slice(0, bytes)),
      validAlgorithms: [alg],
    })
    const token = sign({ alg }, claimsOf(), long.slice(0, bytes))
    expect(await judge(accepting, token)).toBe('success')
    expect(refusal(long.slice(0, bytes - 1), [alg])).toContain('RFC 7518 section 3.2')
  })

  test('shows nothing of the secret', () => {
    const marked = symmetricKey(secret)
    const shown = [inspect(marked, { depth: null, showHidden: true }), JSON.stringify(marked)]
    expect(shown.join('\n')).not.toContain(secret)
    expect(inspect({ marked })).toBe('{ marked: SymmetricKey {} }')
  })
})
