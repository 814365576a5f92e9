import { createHash, X509Certificate } from 'node:crypto'
import type { Request } from 'express'
import { clientCertificate, type ClientCertificateOptions } from 'express-jwt-bearer/mtls'
import { describe, expect, test } from 'vitest'
import { certificate, certificateKey } from '../support/certificate.js'
import { setUpError } from '../support/tokens.js'

const der = new X509Certificate(certificate).raw
const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('base64url')

// RFC 8705 appendix A and RFC 9440 section 2.2.
const rfc8705 =
  'MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAxODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ/Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwIDSQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOVbUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY='
const rfc9440 =
  'MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVkaWF0ZSBDQTAeFw0yMDAxMTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNaMA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8YnXXfaUgmnMtOXU/IncWalRhebrXmckC8vdgJ1p5Be5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIwADAfBgNVHSMEGDAWgBRm3WjLa38lbEYCuiCPct0ZaSED2DAOBgNVHQ8BAf8EBAMCBsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmRjQGV4YW1wbGUuY29tMAoGCCqGSM49BAMCA0gAMEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMjeSkC3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5XarmPk0wmuydBVoU4hBVZ1yhk='

const base64 = der.toString('base64')
const behindProxy: ClientCertificateOptions = {
  header: 'Client-Cert',
  trustedProxies: ['127.0.0.1'],
}

interface Sent {
  readonly lines?: readonly string[] | string | undefined
  readonly peer?: string | undefined
  readonly socket?: object | undefined
  readonly thumbprint?: string
}

// What becomes of a token that is bound to a certificate.
async function judge(options: ClientCertificateOptions, sent: Sent = {}): Promise<string> {
  const { lines = [], peer = '127.0.0.1', thumbprint = hash(der) } = sent
  const socket = 'socket' in sent ? sent.socket : { remoteAddress: peer }
  try {
    await clientCertificate(options).prove({
      scheme: 'Bearer',
      token: 'x',
      thumbprint,
      clock: Date.now,
      lines: (name) => (name === 'client-cert' ? [lines].flat() : []),
      request: { socket } as unknown as Request,
    })
    return 'proved'
  } catch (error) {
    return (error as { reason?: string }).reason ?? (error as Error).name
  }
}

describe('clientCertificate', () => {
  test('says what the metadata of the resource needs', () => {
    expect(clientCertificate()).toMatchObject({
      method: 'x5t#S256',
      metadata: { tls_client_certificate_bound_access_tokens: true },
      requiresBoundTokens: false,
      credentials: undefined,
    })
    expect(clientCertificate({ requireBoundTokens: true }).requiresBoundTokens).toBe(true)
  })

  test.each<[name: string, socket: object | undefined, outcome: string]>([
    ['with the certificate', { getPeerX509Certificate: () => ({ raw: der }) }, 'proved'],
    ['with another', { getPeerX509Certificate: () => ({ raw: der.subarray(1) }) }, 'certificate'],
    ['without one', { getPeerX509Certificate: () => undefined }, 'certificate'],
    ['without TLS', {}, 'certificate'],
    ['that is none', undefined, 'certificate'],
  ])('compares the certificate of a connection %s', async (_name, socket, outcome) => {
    expect(await judge({}, { socket })).toBe(outcome)
  })

  test.each([
    ['RFC 8705', rfc8705, 'A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0'],
    ['RFC 9440', rfc9440, 'v68ffgcPn6jdYpBfFY2nP4ShE2Yk-6_Mk5PI9yh6aes'],
  ])('computes the thumbprint of the example of %s', async (_name, text, thumbprint) => {
    expect(await judge(behindProxy, { lines: `:${text}:`, thumbprint })).toBe('proved')
    const fault = { lines: `:${text}:`, thumbprint: thumbprint.toLowerCase() }
    expect(await judge(behindProxy, fault)).toBe('certificate')
  })

  const pem = encodeURIComponent(certificate)

  test.each<
    [format: ClientCertificateOptions['format'], name: string, value: string, good: boolean]
  >([
    [undefined, 'a byte sequence', `:${base64}:`, true],
    ['rfc9440', 'white space around it', ` :${base64}:\t`, true],
    ['rfc9440', 'no colons', base64, false],
    ['rfc9440', 'one colon', `:${base64}`, false],
    ['rfc9440', 'no padding', `:${base64.replace(/=+$/, '')}:`, !base64.endsWith('=')],
    ['rfc9440', 'base64url', `:${der.toString('base64url')}:`, false],
    ['rfc9440', 'a list of two', `:${base64}:, :${base64}:`, false],
    ['rfc9440', 'nothing', '::', false],
    ['rfc9440', 'an empty value', '', false],
    ['rfc9440', 'white space inside', `:${base64.slice(0, 8)} ${base64.slice(8)}:`, false],
    ['url-encoded-pem', 'an escaped certificate', pem, true],
    [
      'url-encoded-pem',
      'plus, equals and slash as they are',
      pem.replaceAll('%2B', '+').replaceAll('%2F', '/').replaceAll('%3D', '='),
      true,
    ],
    [
      'url-encoded-pem',
      'Windows line ends',
      encodeURIComponent(certificate.replaceAll('\n', '\r\n')),
      true,
    ],
    [
      'url-encoded-pem',
      'spaces for line ends',
      encodeURIComponent(certificate.replaceAll('\n', ' ')),
      true,
    ],
    [
      'url-encoded-pem',
      'nothing after the last line',
      encodeURIComponent(certificate.trim()),
      true,
    ],
    ['url-encoded-pem', 'two certificates', pem + pem, false],
    ['url-encoded-pem', 'text in front', encodeURIComponent(`x\n${certificate}`), false],
    ['url-encoded-pem', 'a private key', encodeURIComponent(certificateKey), false],
    ['url-encoded-pem', 'a broken escape', `${pem}%`, false],
    ['url-encoded-pem', 'a byte sequence', `:${base64}:`, false],
    ['base64-der', 'plain base64', base64, true],
    ['base64-der', 'a byte sequence', `:${base64}:`, false],
    ['base64-der', 'an empty value', '', false],
    [(value) => Buffer.from(value, 'hex'), 'a format of its own', der.toString('hex'), true],
    [() => undefined, 'a format of its own that reads nothing', 'x', false],
    [(() => null) as never, 'a format of its own that gives null', 'x', false],
  ])('reads %s: %s', async (format, _name, lines, good) => {
    const given = { ...behindProxy, format }
    expect(await judge(given, { lines })).toBe(good ? 'proved' : 'certificate')
  })

  test('reads one line of the header alone', async () => {
    const line = `:${base64}:`
    expect(await judge(behindProxy, { lines: [line, line] })).toBe('certificate')
    expect(await judge(behindProxy, { lines: [] })).toBe('certificate')
  })

  test.each<[proxies: ClientCertificateOptions['trustedProxies'], peer: string, good: boolean]>([
    [['10.0.0.0/8'], '10.255.255.255', true],
    [['10.0.0.0/8'], '11.0.0.0', false],
    [['10.0.0.0/8'], '9.255.255.255', false],
    [['10.1.2.3/8'], '10.0.0.1', true],
    [['10.0.0.0/8'], '::ffff:10.0.0.1', true],
    [['10.0.0.0/8'], '::ffff:a00:1', true],
    [['::ffff:10.0.0.0/104'], '10.0.0.1', true],
    [['10.0.0.1'], '10.0.0.1', true],
    [['10.0.0.1'], '10.0.0.2', false],
    [['10.0.0.1/32', '192.168.0.0/16'], '192.168.7.7', true],
    [['0.0.0.0/1'], '127.0.0.1', true],
    [['0.0.0.0/1'], '128.0.0.0', false],
    [['2001:db8::/32'], '2001:db8:ffff::1', true],
    [['2001:db8::/32'], '2001:db9::', false],
    [['2001:DB8:0:0::1'], '2001:db8::1', true],
    [['2001:db8:0:0:0:0:0:1'], '2001:db8::1', true],
    [['2001:db8:0:0:0:0:0:1'], '2001:db8:0:0:0:0:0:2', false],
    [['0:0:0:0:0:ffff:10.0.0.0/104'], '10.0.0.1', true],
    [['::1'], '::1', true],
    [['::1'], '127.0.0.1', false],
    [['fe80::/10'], 'fe80::1%eth0', true],
    [['127.0.0.1'], '', false],
    [({ socket }) => socket.remoteAddress === '10.0.0.1', '10.0.0.1', true],
    [() => false, '10.0.0.1', false],
    [(() => 'yes') as never, '10.0.0.1', false],
    [(() => Promise.resolve(true)) as never, '10.0.0.1', false],
    [(() => Promise.reject(new Error('no'))) as never, '10.0.0.1', false],
  ])(
    'with the proxies %o hears of a certificate from %s: %s',
    async (trustedProxies, peer, good) => {
      const given = { header: 'client-cert', trustedProxies }
      const outcome = await judge(given, { lines: `:${base64}:`, peer })
      expect(outcome).toBe(good ? 'proved' : 'certificate')
    },
  )

  test('trusts no list on a socket that has no address', async () => {
    for (const socket of [{}, undefined]) {
      expect(await judge(behindProxy, { lines: `:${base64}:`, socket })).toBe('certificate')
    }
    const mesh = { ...behindProxy, trustedProxies: () => true }
    expect(await judge(mesh, { lines: `:${base64}:`, socket: {} })).toBe('proved')
  })

  test('does not look at the connection where a proxy is to tell', async () => {
    const socket = { remoteAddress: '127.0.0.1', getPeerX509Certificate: () => ({ raw: der }) }
    expect(await judge(behindProxy, { socket })).toBe('certificate')
  })

  test.each<[name: string, certificate: unknown, outcome: string]>([
    ['gives the certificate', () => der, 'proved'],
    ['gives it later', () => Promise.resolve(new Uint8Array(der)), 'proved'],
    ['gives another', () => der.subarray(1), 'certificate'],
    ['gives none', () => undefined, 'certificate'],
    ['gives none later', () => Promise.resolve(null), 'certificate'],
    ['gives a text', () => certificate, 'TypeError'],
    [
      'throws',
      () => {
        throw new RangeError('down')
      },
      'RangeError',
    ],
    ['rejects', () => Promise.reject(new RangeError('down')), 'RangeError'],
  ])('asks a function that %s', async (_name, given, outcome) => {
    expect(await judge({ certificate: given as never })).toBe(outcome)
  })

  test.each<[given: object, texts: string[]]>([
    [{ header: 'x' }, ['"trustedProxies" is missing']],
    [{ header: 'x', trustedProxies: [] }, ['"trustedProxies" must not be empty']],
    [{ header: 'x', trustedProxies: '10.0.0.1' }, ['"trustedProxies"']],
    [{ header: 'x', trustedProxies: ['proxy.local'] }, ['"trustedProxies[0]"', '"proxy.local"']],
    [{ header: 'x', trustedProxies: ['::1', '10.0.0.0/33'] }, ['"trustedProxies[1]"']],
    [{ header: 'x', trustedProxies: ['10.0.0.0/08'] }, ['"trustedProxies[0]"']],
    [{ header: 'x', trustedProxies: ['10.0.0.0/'] }, ['"trustedProxies[0]"']],
    [{ header: 'x', trustedProxies: ['10.0.0.0/8/8'] }, ['"trustedProxies[0]"']],
    [{ header: 'x', trustedProxies: ['010.0.0.1'] }, ['"trustedProxies[0]"']],
    [{ header: 'x', trustedProxies: ['::/129'] }, ['"trustedProxies[0]"']],
    [{ header: 'x', trustedProxies: ['fe80::1%eth0'] }, ['"trustedProxies[0]"']],
    [{ header: 'x', trustedProxies: [''] }, ['"trustedProxies[0]"']],
    ...[
      ['0.0.0.0/0'],
      ['::/0'],
      ['::ffff:0:0/96'],
      ['::ffff:0.0.0.0/96'],
      ['10.0.0.1', '1.2.3.4/0'],
      ['0.0.0.0/1', '128.0.0.0/1'],
      ['128.0.0.0/1', '64.0.0.0/2', '0.0.0.0/2'],
      ['::ffff:0:0/97', '128.0.0.0/1'],
      ['8000::/1', '::/1'],
      ['::/64'],
    ].map((trustedProxies): [object, string[]] => [
      { header: 'x', trustedProxies },
      ['"trustedProxies" must not cover every address'],
    ]),
    [{ trustedProxies: ['10.0.0.1'] }, ['"trustedProxies" is about a header', '"header"']],
    [{ format: 'rfc9440' }, ['"format" is about a header']],
    [{ ...behindProxy, format: 'pem' }, ['"format"', '"url-encoded-pem"', '"pem"']],
    [{ ...behindProxy, format: 'toString' }, ['"format"']],
    [{ ...behindProxy, format: 5 }, ['"format"', 'got 5']],
    [{ ...behindProxy, header: '' }, ['"header"']],
    [{ ...behindProxy, header: 'Client Cert' }, ['"header" must be the name of a header']],
    [{ ...behindProxy, header: ['Client-Cert'] }, ['"header"']],
    [{ ...behindProxy, certificate: () => der }, ['"certificate" takes the place of "header"']],
    [{ certificate: () => der, format: 'rfc9440' }, ['"certificate" takes the place of "format"']],
    [{ certificate: der }, ['"certificate" must be a function']],
    [{ requireBoundTokens: 1 }, ['"requireBoundTokens"']],
    [{ requireBoundToken: true }, ['did you mean "requireBoundTokens"?']],
  ])('refuses %o', (given, texts) => {
    const error = setUpError(() => clientCertificate(given))
    expect(error).toMatchObject({ code: 'ERR_CONFIGURATION' })
    for (const text of texts) expect(error.message).toContain(text)
  })
})
