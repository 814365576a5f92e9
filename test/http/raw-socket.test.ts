import { authorize, getAuthentication, jwtBearer } from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { frameworks } from '../support/create-app.js'
import { listenRaw, type RawServer } from '../support/raw-request.js'
import { watchProcess } from '../support/watch-process.js'

watchProcess()

const issuer = await createTestIssuer({ alg: 'ES256' })
const token = await issuer.token({ sub: 'alice' })
const other = await issuer.token({ sub: 'bob' })

const ok = '200 alice'
const anonymous = '401 Bearer'
const malformed = '400 Bearer error="invalid_request"'
const invalid = '401 Bearer error="invalid_token"'
/** What Node's parser answers before Express sees the request. */
const unparsed = '400'

const requests: [what: string, lines: string, answer: string][] = [
  ['one token', `Authorization: Bearer ${token}`, ok],
  ['a header name in capitals', `AUTHORIZATION: Bearer ${token}`, ok],
  ['a header name in small letters', `authorization: Bearer ${token}`, ok],
  ['a scheme in small letters', `Authorization: bearer ${token}`, ok],
  ['a scheme in capitals', `Authorization: BEARER ${token}`, ok],
  ['no space after the colon', `Authorization:Bearer ${token}`, ok],
  ['several spaces before the value', `Authorization:    Bearer ${token}`, ok],
  ['a tab before the value', `Authorization:\tBearer ${token}`, ok],
  ['spaces and tabs after the value', `Authorization: Bearer ${token} \t `, ok],
  ['several spaces after the scheme', `Authorization: Bearer    ${token}`, ok],
  ['a line of another header between', `X-A: 1\r\nAuthorization: Bearer ${token}\r\nX-B: 2`, ok],
  ['no header', 'X-A: 1', anonymous],
  ['an empty header', 'Authorization:', anonymous],
  ['a header of spaces', 'Authorization:    ', anonymous],
  ['another scheme', 'Authorization: Basic YTpi', anonymous],
  ['another scheme with the token', `Authorization: Basic ${token}`, anonymous],
  ['no scheme', `Authorization: ${token}`, anonymous],
  ['a longer scheme', `Authorization: Bearers ${token}`, anonymous],
  ['a scheme with a dash', `Authorization: Bearer-X ${token}`, anonymous],
  ['an empty Bearer', 'Authorization: Bearer', anonymous],
  ['an empty Bearer with spaces', 'Authorization: Bearer    ', anonymous],
  ['the token in the query alone', 'X-Query: 1', anonymous],
  ['the token in another header', `X-Authorization: Bearer ${token}`, anonymous],
  ['the token in Proxy-Authorization', `Proxy-Authorization: Bearer ${token}`, anonymous],
  [
    'the same line twice',
    `Authorization: Bearer ${token}\r\nAuthorization: Bearer ${token}`,
    malformed,
  ],
  [
    'two tokens in two lines',
    `Authorization: Bearer ${token}\r\nAuthorization: Bearer ${other}`,
    malformed,
  ],
  [
    'a second line of another scheme',
    `Authorization: Bearer ${token}\r\nAuthorization: Basic YTpi`,
    malformed,
  ],
  [
    'a first line of another scheme',
    `Authorization: Basic YTpi\r\nAuthorization: Bearer ${token}`,
    malformed,
  ],
  ['two lines of other schemes', 'Authorization: Basic YTpi\r\nAuthorization: Digest x', malformed],
  [
    'two lines in different capitals',
    `authorization: Bearer ${token}\r\nAUTHORIZATION: Bearer ${token}`,
    malformed,
  ],
  ['an empty second line', `Authorization: Bearer ${token}\r\nAuthorization:`, malformed],
  ['two tokens in one line', `Authorization: Bearer ${token} ${other}`, malformed],
  ['two credentials in one line', `Authorization: Bearer ${token}, Bearer ${other}`, malformed],
  ['a comma after the token', `Authorization: Bearer ${token},`, malformed],
  ['a comma after the scheme', `Authorization: Bearer, ${token}`, malformed],
  ['a comma instead of the space', `Authorization: Bearer,${token}`, malformed],
  ['a tab after the scheme', `Authorization: Bearer\t${token}`, malformed],
  ['a tab after the space', `Authorization: Bearer \t${token}`, malformed],
  [
    'a tab in the token',
    `Authorization: Bearer ${token.slice(0, 20)}\t${token.slice(20)}`,
    malformed,
  ],
  ['a colon after the scheme', `Authorization: Bearer: ${token}`, malformed],
  ['quotes around the token', `Authorization: Bearer "${token}"`, malformed],
  ['a parameter', `Authorization: Bearer token=${token}`, malformed],
  ['a letter outside ASCII', `Authorization: Bearer ${token}\xe9`, malformed],
  ['UTF-8 in the token', `Authorization: Bearer \xc3\xa9${token}`, malformed],
  ['a no-break space after the scheme', `Authorization: Bearer\xa0${token}`, malformed],
  [
    'equals signs in the middle',
    `Authorization: Bearer ${token.slice(0, 20)}=${token.slice(20)}`,
    malformed,
  ],
  ['an equals sign alone', 'Authorization: Bearer =', malformed],
  ['equals signs at the end', `Authorization: Bearer ${token}==`, invalid],
  ['characters of b64token that base64url lacks', 'Authorization: Bearer a+b/c~d', invalid],
  [
    'a token with two parts',
    `Authorization: Bearer ${token.split('.').slice(0, 2).join('.')}`,
    invalid,
  ],
  ['a token with five parts', `Authorization: Bearer ${token}.a.b`, invalid],
  ['a token of 12000 characters', `Authorization: Bearer ${'a'.repeat(12000)}`, invalid],
  ['a folded line', `Authorization: Bearer\r\n ${token}`, unparsed],
  ['a space before the colon', `Authorization : Bearer ${token}`, unparsed],
  ['a null in the value', `Authorization: Bearer ${token}\0`, unparsed],
  ['a bare carriage return', `Authorization: Bearer ${token}\rX: 1`, unparsed],
  ['headers over 16 KiB', `Authorization: Bearer ${'a'.repeat(17000)}`, '431'],
]

describe.each(frameworks)('a request off the wire under $framework', ({ express }) => {
  let server: RawServer

  beforeAll(async () => {
    const app = express()
      .use(jwtBearer(issuer.options), authorize())
      .all('/', (req, res) => {
        res.json({ user: req.user?.subject, kind: getAuthentication(req).kind })
      })
    server = await listenRaw(app)
  })

  afterAll(() => server.close())

  test.each(requests)('with %s', async (_what, lines, expected) => {
    const answer = await server.send(
      `GET /?access_token=${token} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${lines}\r\n\r\n`,
    )
    expect(summary(answer)).toBe(expected)
  })

  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('by %s', async (method) => {
    const send = (line: string) =>
      server.send(
        `${method} / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n${line}\r\n`,
      )
    expect(summary(await send(''))).toBe(anonymous)
    expect(summary(await send(`Authorization: Bearer ${token}\r\n`))).toBe(ok)
  })

  test('in HTTP/1.0', async () => {
    expect(
      summary(await server.send(`GET / HTTP/1.0\r\nAuthorization: Bearer ${token}\r\n\r\n`)),
    ).toBe(ok)
    expect(summary(await server.send('GET / HTTP/1.0\r\n\r\n'))).toBe(anonymous)
  })

  test('in a pipeline, each with its own caller', async () => {
    const lines = [
      `Authorization: Bearer ${token}\r\n`,
      '',
      `Authorization: Bearer ${other}\r\n`,
      'Authorization: Bearer a b\r\n',
    ]
    const answer = await server.send(
      [...lines, 'Connection: close\r\n']
        .map((line) => `GET / HTTP/1.1\r\nHost: x\r\n${line}\r\n`)
        .join(''),
    )
    expect(answer.split(/(?=HTTP\/1\.1 )/).map(summary)).toEqual([
      ok,
      anonymous,
      '200 bob',
      malformed,
      anonymous,
    ])
  })

  test('with a body that nobody reads', async () => {
    const answer = await server.send(
      `POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 12\r\n\r\naccess_token`,
    )
    expect(summary(answer)).toBe(anonymous)
  })
})

/** Status and caller, or status and challenge; more than one challenge line would show. */
function summary(answer: string): string {
  const status = /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 'nothing'
  const user = /"user":"(\w+)"/.exec(answer)?.[1]
  const challenges = [...answer.matchAll(/^WWW-Authenticate: (.*)\r$/gim)].map((match) => match[1])
  return [status, user, ...challenges].filter((part) => part !== undefined).join(' ')
}
