import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { connect, type SecureVersion } from 'node:tls'
import type express5 from 'express'
import { authorize, getAuthentication, jwtBearer, type JwtBearerOptions } from 'express-jwt-bearer'
import { clientCertificate, type ClientCertificateOptions } from 'express-jwt-bearer/mtls'
import { createTestCertificate, type TestCertificate } from 'express-jwt-bearer/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { fixtureDpop, P, tokenOf, trusting, U } from '../dpop/fixture.js'
import { K } from '../dpop/set-up.js'
import { frameworks, keepErrors } from '../support/create-app.js'
import { listenOnLoopback, type Listening } from '../support/loopback.js'
import { send } from '../support/send.js'

const another =
  'Bearer error="invalid_token", error_description="The token is bound to another certificate"'
const unproved =
  'Bearer error="invalid_token", error_description="The token is bound and must be used with its proof"'
const unbound =
  'Bearer error="invalid_token", error_description="The token is not bound to a certificate"'

const C = createTestCertificate()
const C2 = createTestCertificate({ subject: 'another' })
const over = createTestCertificate({ expiresIn: -60 })
const server = createTestCertificate({ subject: 'localhost' })
const boundTo = ({ thumbprint }: TestCertificate) => tokenOf({ cnf: { 'x5t#S256': thumbprint } })
const T = boundTo(C)

const listening: Listening[] = []
const servers: Server[] = []
afterAll(async () => {
  for (const one of servers) {
    one.close()
    one.closeAllConnections()
  }
  await Promise.all(listening.map(({ close }) => close()))
})

describe.each(frameworks)('RFC 8705 under $framework', ({ express }) => {
  function appOf(proofOfPossession: JwtBearerOptions['proofOfPossession']) {
    const app: ReturnType<typeof express5> = express()
    app.use(jwtBearer({ ...trusting, proofOfPossession }))
    app.get('/open', (_req, res) => void res.end())
    app.get('/p', authorize(), (req, res) => void res.json(getAuthentication(req)))
    app.get('/proved', authorize(), (req, res) => {
      const result = getAuthentication(req)
      res.json(result.kind === 'success' ? result.confirmations : [])
    })
    keepErrors(app)
    return app
  }

  async function overTls(proofOfPossession: JwtBearerOptions['proofOfPossession']) {
    const { certificate: cert, key } = server
    const settings = { cert, key, requestCert: true, rejectUnauthorized: false }
    const tls = createServer(settings, appOf(proofOfPossession)).listen(0, '127.0.0.1')
    await once(tls, 'listening')
    servers.push(tls)
    const { port } = tls.address() as AddressInfo
    const url = `https://127.0.0.1:${String(port)}`
    return {
      port,
      ask: (token: string, client?: TestCertificate, path = '/p') =>
        send(url, [['Authorization', `Bearer ${token}`]], {
          path,
          rejectUnauthorized: false,
          ...(client && { cert: client.certificate, key: client.key }),
        }),
    }
  }

  async function behindProxy(options: ClientCertificateOptions = {}) {
    const given = { header: 'Client-Cert', trustedProxies: ['127.0.0.1'], ...options }
    const { url, ...rest } = await listenOnLoopback(appOf(clientCertificate(given)))
    listening.push({ url, ...rest })
    return (token: string, ...values: string[]) =>
      send(
        url,
        [
          ['Authorization', `Bearer ${token}`],
          ...values.map((value) => ['Client-Cert', value] as const),
        ],
        { path: '/p' },
      )
  }

  const said = ({ status, challenges }: Awaited<ReturnType<typeof send>>) => [status, ...challenges]

  test('lets the owner of the certificate in, and says what was proved', async () => {
    const { ask } = await overTls(clientCertificate())
    const answer = await ask(T, C, '/proved')
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body)).toEqual([{ method: 'x5t#S256', thumbprint: C.thumbprint }])
  })

  test.each<
    [name: string, token: string, client: TestCertificate | undefined, expected: unknown[]]
  >([
    ['the certificate', T, C, [200]],
    ['another certificate', T, C2, [401, another]],
    ['no certificate', T, undefined, [401, another]],
    ['a certificate that is over, which the handshake let pass', boundTo(over), over, [200]],
    ['an unbound token and a certificate', U, C, [200]],
    ['an unbound token alone', U, undefined, [200]],
    ['a token that is bound to a key', tokenOf({ cnf: { jkt: K.thumbprint } }), C, [401, unproved]],
    [
      'a token that is bound to both',
      tokenOf({ cnf: { jkt: K.thumbprint, 'x5t#S256': C.thumbprint } }),
      C,
      [401, unproved],
    ],
    [
      'a thumbprint in another case',
      tokenOf({ cnf: { 'x5t#S256': C.thumbprint.toUpperCase() } }),
      C,
      [401, another],
    ],
  ])('judges %s over TLS', async (_name, token, client, expected) => {
    const { ask } = await overTls(clientCertificate())
    expect(said(await ask(token, client))).toEqual(expected)
    expect(said(await ask(token, client))).toEqual(expected)
  })

  test.each<SecureVersion>(['TLSv1.2', 'TLSv1.3'])(
    'knows the certificate of a resumed %s session',
    async (version) => {
      const { port } = await overTls(clientCertificate())
      const { certificate: cert, key } = C
      const settings = {
        port,
        cert,
        key,
        rejectUnauthorized: false,
        maxVersion: version,
        minVersion: version,
      }
      const ask = (session?: Buffer) =>
        new Promise<{ status: string; reused: boolean; session: Buffer | undefined }>(
          (resolve, reject) => {
            const socket = connect({ ...settings, ...(session && { session }) }, () => {
              reused = socket.isSessionReused()
              socket.write(
                `GET /p HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${T}\r\nConnection: close\r\n\r\n`,
              )
            })
            let reused = false
            let newer: Buffer | undefined
            let answer = ''
            socket.setEncoding('latin1')
            socket.on('session', (given: Buffer) => (newer = given))
            socket.on('data', (part: string) => (answer += part))
            socket.on('error', reject)
            socket.on('close', () => {
              resolve({ status: answer.slice(9, 12), reused, session: newer })
            })
          },
        )
      const first = await ask()
      expect([first.status, first.reused]).toEqual(['200', false])
      const second = await ask(first.session)
      expect([second.status, second.reused]).toEqual(['200', true])
    },
  )

  test('refuses a token that nothing binds where bound ones are required', async () => {
    const { ask } = await overTls(clientCertificate({ requireBoundTokens: true }))
    expect(said(await ask(U, C))).toEqual([401, unbound])
    expect(said(await ask(U))).toEqual([401, unbound])
    expect(said(await ask(T, C))).toEqual([200])
  })

  test('takes any binding that was proved where bound tokens are required', async () => {
    const proofOfPossession = [
      clientCertificate({ requireBoundTokens: true }),
      fixtureDpop({ allowBearerTokens: true }),
    ]
    const { url, ...rest } = await listenOnLoopback(appOf(proofOfPossession))
    listening.push({ url, ...rest })
    const token = tokenOf({ cnf: { jkt: K.thumbprint } })
    const ask = (authorization: string, proof: string) =>
      send(
        url,
        [
          ['Authorization', authorization],
          ['DPoP', proof],
        ],
        { path: '/p' },
      )
    expect((await ask(`DPoP ${token}`, P({}, { token }))).status).toBe(200)
    expect((await ask(`Bearer ${U}`, 'x')).challenges[0]).toBe(unbound)
  })

  test('refuses a bound token where nothing is set up', async () => {
    const { ask } = await overTls(undefined)
    expect(said(await ask(T, C))).toEqual([401, unproved])
  })

  test.each<
    [name: string, values: string[], options: ClientCertificateOptions, expected: unknown[]]
  >([
    ['the header', [C.header], {}, [200]],
    ['another certificate in the header', [C2.header], {}, [401, another]],
    ['no header', [], {}, [401, another]],
    ['the header twice', [C.header, C.header], {}, [401, another]],
    ['a header that does not parse', ['x'], {}, [401, another]],
    ['the header of a stranger', [C.header], { trustedProxies: ['10.0.0.0/8'] }, [401, another]],
    [
      'the header of a stranger to a function',
      [C.header],
      { trustedProxies: () => false },
      [401, another],
    ],
    [
      'a PEM text with escapes',
      [encodeURIComponent(C.certificate)],
      { format: 'url-encoded-pem' },
      [200],
    ],
    [
      'two certificates',
      [encodeURIComponent(C.certificate + C.certificate)],
      { format: 'url-encoded-pem' },
      [401, another],
    ],
    ['a private key', [encodeURIComponent(C.key)], { format: 'url-encoded-pem' }, [401, another]],
    ['plain base64', [C.header.slice(1, -1)], { format: 'base64-der' }, [200]],
  ])('judges %s behind a proxy', async (_name, values, options, expected) => {
    const ask = await behindProxy(options)
    expect(said(await ask(T, ...values))).toEqual(expected)
  })

  test('says the same of a stranger’s header as of none, and lets unbound tokens through', async () => {
    const ask = await behindProxy({ trustedProxies: ['10.0.0.0/8'] })
    expect(said(await ask(T, C.header))).toEqual(said(await ask(T)))
    expect(said(await ask(U, C.header))).toEqual([200])
  })

  test('reads the example of RFC 8705 from a header', async () => {
    const example =
      ':MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAxODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ/Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwIDSQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOVbUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=:'
    const ask = await behindProxy()
    const token = tokenOf({ cnf: { 'x5t#S256': 'A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0' } })
    expect(said(await ask(token, example))).toEqual([200])
  })

  test.each<[name: string, certificate: () => unknown, expected: unknown[]]>([
    [
      'throws',
      () => {
        throw new Error('down')
      },
      [500],
    ],
    ['rejects', () => Promise.reject(new Error('down')), [500]],
    ['gives it later', () => Promise.resolve(C.der), [200]],
    ['gives none', () => undefined, [401, another]],
  ])('asks a function that %s', async (_name, certificate, expected) => {
    const { ask } = await overTls(clientCertificate({ certificate: certificate as never }))
    expect(said(await ask(T))).toEqual(expected)
    expect(said(await ask(T, undefined, '/open'))).toEqual([200])
    expect(said(await ask(U))).toEqual([200])
  })
})
