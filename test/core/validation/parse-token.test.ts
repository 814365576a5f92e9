import { jwtBearer } from 'express-jwt-bearer'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  isCanonicalBase64url,
  parsePayload,
  parseToken,
} from '../../../src/core/validation/parse-token.js'
import {
  authenticate,
  claimsOf,
  encode,
  hs256,
  judge,
  options,
  outcomeOf,
  secret,
  sign,
} from '../../support/tokens.js'

const malformed = 'ERR_TOKEN_MALFORMED'

// The bits of the last character that carry nothing, set: other text, same bytes.
function respelled(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = token.slice(-1)
  return token.slice(0, -1) + String(alphabet[alphabet.indexOf(last) + 1])
}

const [header, payload, signature] = hs256().split('.') as [string, string, string]

describe('the form of a token', () => {
  test.each([
    ['one part', header],
    ['two parts', `${header}.${payload}`],
    ['four parts', `${header}.${payload}.${signature}.${signature}`],
    ['an encrypted token', `${header}.a.b.c.d`],
    ['an empty header', `.${payload}.${signature}`],
    ['an empty payload', `${header}..${signature}`],
    ['padding', `${header}.${payload}.${signature}=`],
    ['the plain base64 alphabet', `${header}.${payload}.${signature.slice(0, -2)}+/`],
    ['a second spelling of the signature', respelled(hs256())],
    ['a signature of an impossible length', `${header}.${payload}.${signature}AA`],
    ['a dot at the end', `${hs256()}.`],
  ])('refuses %s', async (_case, token) => {
    expect(await judge(options(), token)).toBe(malformed)
  })

  test('reads as many characters as maxTokenLength says and not one more', async () => {
    const token = hs256()
    const limited = (maxTokenLength?: number) => options({}, { maxTokenLength })
    expect(await judge(limited(token.length), token)).toBe('success')
    expect(await judge(limited(token.length - 1), token)).toBe(malformed)
  })

  test('reads 16384 characters unless told otherwise', async () => {
    const long = hs256({ filler: 'x'.repeat(11_700) })
    const fitted = hs256({
      filler: 'x'.repeat(11_700 + Math.floor(((16_384 - long.length) * 3) / 4)),
    })
    expect(fitted.length).toBe(16_384)
    expect(await judge(options(), fitted)).toBe('success')
    expect(await judge(options(), `${fitted}A`)).toBe(malformed)
  })

  test.each([
    ['an unsigned one in place of the signature', `${header}.${payload}.`],
    ['a signature of another length', `${header}.${payload}.${signature.slice(0, -3)}`],
  ])('finds %s invalid, not malformed', async (_case, token) => {
    expect(await judge(options(), token)).toBe('ERR_TOKEN_KEY_NOT_FOUND')
  })
})

describe('the header of a token', () => {
  const withHeader = (text: unknown) => sign(text, claimsOf(), secret, 'HS256')

  test.each([
    ['no JSON', 'alg=HS256'],
    ['an array', ['HS256']],
    ['null', 'null'],
    ['a text', '"HS256"'],
    ['a number', '1'],
    ['a byte order mark', Buffer.from('\ufeff{"alg":"HS256"}')],
    ['bytes that are no UTF-8', Buffer.from('{"alg":"HS256","kid":"\xff"}', 'latin1')],
    ['no algorithm', { typ: 'JWT' }],
    ['an algorithm that is no text', { alg: ['HS256'] }],
    ['an extension nobody knows', { alg: 'HS256', crit: ['exp'], exp: 1 }],
    ['an unencoded payload', { alg: 'HS256', crit: ['b64'], b64: false }],
    ['b64 that is named but missing', { alg: 'HS256', crit: ['b64'] }],
    ['b64 besides an unknown extension', { alg: 'HS256', crit: ['b64', 'x'], b64: true, x: 1 }],
    ['an empty list of extensions', { alg: 'HS256', crit: [] }],
    ['a list of extensions that is a text', { alg: 'HS256', crit: 'b64', b64: true }],
    ['extensions that are null', { alg: 'HS256', crit: null }],
    ['ten thousand levels', `{"alg":"HS256","a":${'['.repeat(10_000)}`],
  ])('is refused with %s', async (_case, text) => {
    const generous = options({}, { maxTokenLength: 100_000 })
    expect(await judge(generous, withHeader(text))).toBe(malformed)
  })

  test.each([
    ['a text as key name', { alg: 'HS256', kid: '1' }],
    ['a key name that is no text and names no key', { alg: 'HS256', kid: 1 }],
    ['a key name that is null', { alg: 'HS256', kid: null }],
    ['b64 that says the payload is encoded as ever', { alg: 'HS256', crit: ['b64'], b64: true }],
    ['b64 that is not critical', { alg: 'HS256', b64: true }],
    ['letters outside ASCII', { alg: 'HS256', kid: 'Schlüssel' }],
    ['the algorithm twice, the last one good', '{"alg":"none","alg":"HS256"}'],
    [
      'keys and addresses, which are not followed',
      {
        alg: 'HS256',
        jku: 'http://127.0.0.1:1',
        x5u: 'http://127.0.0.1:1',
        jwk: { kty: 'oct', k: 'AAAA' },
      },
    ],
    ['ten thousand levels', `{"alg":"HS256","a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`],
  ])('is accepted with %s', async (_case, text) => {
    const generous = options({}, { maxTokenLength: 100_000 })
    expect(await judge(generous, withHeader(text))).toBe('success')
  })

  test('counts its last algorithm when it names two', async () => {
    expect(await judge(options(), withHeader('{"alg":"HS256","alg":"none"}'))).toBe(
      'ERR_TOKEN_ALGORITHM_NOT_ALLOWED',
    )
  })
})

describe('the claims of a token', () => {
  const withPayload = (content: unknown) => sign({ alg: 'HS256' }, content, secret)
  const good = JSON.stringify(claimsOf()).slice(0, -1)

  test.each([
    ['no JSON', 'Payload'],
    ['an array', [claimsOf()]],
    ['null', 'null'],
    ['a text', '"claims"'],
    ['a byte order mark', `\ufeff${good}}`],
    ['bytes that are no UTF-8', Buffer.from(`${good},"name":"\xe9"}`, 'latin1')],
    ['a lone bracket', `${good},"a":[}`],
    ['ten thousand open brackets', `${good},"a":${'['.repeat(10_000)}`],
  ])('are refused as %s', async (_case, content) => {
    const generous = options({}, { maxTokenLength: 100_000 })
    expect(await judge(generous, withPayload(content))).toBe(malformed)
  })

  test('are frozen to the bottom of ten thousand levels', async () => {
    const content = `${good},"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`
    const generous = options({}, { maxTokenLength: 100_000 })
    const result = await authenticate(generous, withPayload(content))
    let inner = result.kind === 'success' ? result.principal.claims['a'] : undefined
    let levels = 0
    for (; inner !== undefined; inner = (inner as unknown[])[0]) {
      expect(Object.isFrozen(inner)).toBe(true)
      levels += 1
    }
    expect(levels).toBe(10_000)
  })

  test('count their last value when a name comes twice', async () => {
    expect(await judge(options(), withPayload(`${good},"aud":"api://another"}`))).toBe(
      'ERR_TOKEN_AUDIENCE_INVALID',
    )
    expect(await judge(options(), withPayload(`{"aud":"api://another",${good.slice(1)}}`))).toBe(
      'success',
    )
  })

  const instants: [string, string][] = [
    ['a text', '"1893459600"'],
    ['null', 'null'],
    ['a switch', 'true'],
    ['an object', '{}'],
    ['a number beyond all bounds', '1e400'],
    ['a negative number beyond all bounds', '-1e400'],
  ]
  test.each(
    ['exp', 'nbf', 'iat'].flatMap((name) =>
      instants.map(([kind, value]) => [name, kind, value] as const),
    ),
  )('are refused when %s is %s', async (name, _kind, value) => {
    const lax = options({ validateLifetime: false })
    expect(await judge(lax, withPayload(`${good},"${name}":${value}}`))).toBe(malformed)
  })

  test('are refused when they are no JSON at all after the signature holds, never before', async () => {
    const tampered = `${header}.${encode('Payload')}.${signature}`
    expect(await judge(options(), tampered)).toBe('ERR_TOKEN_KEY_NOT_FOUND')
  })
})

describe('the alphabet of a token', () => {
  const [header, payload, signature] = hs256({ x: '?>?>?>', y: '~~~???' }).split('.') as [
    string,
    string,
    string,
  ]
  // The letter whose lowest byte is that of another one, which a lenient decoder takes for it.
  const alike = (text: string) => String.fromCharCode(text.charCodeAt(0) + 0x100) + text.slice(1)
  const plain = (text: string) => text.replaceAll('-', '+').replaceAll('_', '/')

  test('is that of base64url', () => {
    expect(payload).toMatch(/[-_]/)
    expect(() => parseToken(`${header}.${payload}.${signature}`, 16_384)).not.toThrow()
  })

  test.each([
    ['plain base64 in the payload', `${header}.${plain(payload)}.${signature}`],
    ['a plus in the header', `${header.slice(0, -1)}+.${payload}.${signature}`],
    ['a slash in the signature', `${header}.${payload}./${signature.slice(1)}`],
    ['a letter beyond ASCII in the header', `${alike(header)}.${payload}.${signature}`],
    ['a letter beyond ASCII in the payload', `${header}.${alike(payload)}.${signature}`],
    ['a letter beyond ASCII in the signature', `${header}.${payload}.${alike(signature)}`],
    ['a letter of Latin-1', `${header}.\u00e9${payload.slice(1)}.${signature}`],
    ['padding', `${header}.${payload}=.${signature}`],
    ['a blank', `${header}. ${payload}.${signature}`],
    ['a NUL', `${header}.${payload}\0.${signature}`],
  ])('holds no %s', async (_what, token) => {
    const parse = () => parsePayload(parseToken(token, 16_384))
    expect(parse).toThrow(expect.objectContaining({ code: 'ERR_TOKEN_MALFORMED' }) as Error)
    const fromEvent = options(
      {},
      { events: { onMessageReceived: (context) => void (context.token = token) } },
    )
    const result = await jwtBearer(fromEvent).authenticate({ headers: {} })
    expect(outcomeOf(result)).toBe('ERR_TOKEN_MALFORMED')
  })
})

describe('isCanonicalBase64url', () => {
  test('accepts exactly the texts that come back when decoded and encoded again', () => {
    const letters = fc.string({
      unit: fc.constantFrom(...Array.from('AQgwBEM048-_z+/=~. \nÄ')),
      maxLength: 9,
    })
    fc.assert(
      fc.property(letters, (text) => {
        const again = Buffer.from(text, 'base64url').toString('base64url')
        expect(isCanonicalBase64url(text)).toBe(again === text)
      }),
      { numRuns: 5000 },
    )
  })
})
