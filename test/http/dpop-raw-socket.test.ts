import express5 from 'express'
import express4 from 'express4'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { B, fixtureDpop, P, trusting } from '../dpop/fixture.js'
import { publicUrl } from '../dpop/set-up.js'
import { listenRaw, type RawServer } from '../support/raw-request.js'

describe.each([
  ['Express 4', express4],
  ['Express 5', express5],
])('a proof over a raw connection under %s', (_name, express) => {
  let server: RawServer

  beforeAll(async () => {
    const app = express()
    app.set('trust proxy', true)
    app.use(jwtBearer({ ...trusting, proofOfPossession: fixtureDpop() }))
    app.use(authorize())
    app.use((req, res) => {
      res.end(req.path)
    })
    server = await listenRaw(app)
  })
  afterAll(() => server.close())

  async function ask(target: string, htu: string, ...headers: string[]): Promise<number> {
    const lines = [
      `GET ${target} HTTP/1.1`,
      ...(headers.some((line) => /^host:/i.test(line)) ? [] : ['Host: 127.0.0.1']),
      ...headers,
      `Authorization: DPoP ${B}`,
      `DPoP: ${P({ htu })}`,
      'Connection: close',
    ]
    const answer = await server.send(`${lines.join('\r\n')}\r\n\r\n`)
    return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])
  }

  const evil = 'https://evil.example'

  test.each<[name: string, target: string, htu: string, headers: string[], status: number]>([
    ['the address of the setting', '/p', `${publicUrl}/p`, [], 200],
    ['another host', '/p', `${evil}/p`, ['Host: evil.example'], 401],
    ['the right host, sent to another one', '/p', `${publicUrl}/p`, ['Host: evil.example'], 200],
    ['a host with a path', '/p', `${evil}/other/p`, ['Host: evil.example/other'], 401],
    ['a host with a question mark', '/p', `${evil}/other?/p`, ['Host: evil.example/other?'], 401],
    [
      'a host with a user name',
      '/p',
      `${publicUrl}@evil.example/p`,
      ['Host: api.example.com@evil.example'],
      401,
    ],
    [
      'another host by a proxy',
      '/p',
      `${evil}/p`,
      ['X-Forwarded-Host: evil.example', 'X-Forwarded-Proto: https'],
      401,
    ],
    [
      'two hosts by proxies',
      '/p',
      `${evil}/p`,
      ['X-Forwarded-Host: evil.example, api.example.com'],
      401,
    ],
    [
      'another prefix by a proxy',
      '/p',
      `${publicUrl}/gw/p`,
      ['X-Forwarded-Prefix: /gw', 'X-Original-URL: /gw/p'],
      401,
    ],
    [
      'another host in RFC 7239’s header',
      '/p',
      `${evil}/p`,
      ['Forwarded: host=evil.example;proto=https'],
      401,
    ],
    ['an absolute target', `${evil}/p`, `${evil}/p`, [], 401],
    ['an absolute target, the proof for the setting', `${evil}/p`, `${publicUrl}/p`, [], 200],
    ['an absolute target in capitals', 'HTTP://EVIL.EXAMPLE/p?x', `${publicUrl}/p`, [], 200],
    ['an absolute target without a path', evil, `${publicUrl}/`, [], 200],
    ['an absolute target with dots', `${evil}/x/../p`, `${publicUrl}/p`, [], 401],
    ['dot segments', '/x/../p', `${publicUrl}/p`, [], 401],
    ['dot segments in both', '/x/../p', `${publicUrl}/x/../p`, [], 401],
    ['dots as escapes', '/x/%2e%2e/p', `${publicUrl}/p`, [], 401],
    ['a dot as an escape', '/x/.%2E/p', `${publicUrl}/x/.%2E/p`, [], 401],
    ['a dot at the end', '/x/.', `${publicUrl}/x/.`, [], 401],
    ['a backslash', '/x\\p', `${publicUrl}/x%5Cp`, [], 401],
    ['a backslash as an escape', '/x%5cp', `${publicUrl}/x%5Cp`, [], 200],
    ['a slash as an escape', '/x%2fp', `${publicUrl}/x/p`, [], 401],
    ['a slash as an escape in both', '/x%2fp', `${publicUrl}/x%2Fp`, [], 200],
    ['two slashes', '//p', `${publicUrl}/p`, [], 401],
    ['two slashes in both', '//p', `${publicUrl}//p`, [], 200],
    ['a letter as an escape', '/%70', `${publicUrl}/p`, [], 200],
    [
      'a letter beyond ASCII, which Node refuses',
      '/caf\xc3\xa9',
      `${publicUrl}/caf%C3%A9`,
      [],
      400,
    ],
    ['brackets and bars', '/a|b[c]{d}', `${publicUrl}/a%7Cb%5Bc%5D%7Bd%7D`, [], 200],
    ['brackets and bars in the proof', '/a%7Cb%5Bc%5D', `${publicUrl}/a|b[c]`, [], 200],
    ['a query with dots', '/p?/../x', `${publicUrl}/p`, [], 200],
    ['a fragment', '/p#/../x', `${publicUrl}/p`, [], 200],
    ['another case', '/P', `${publicUrl}/p`, [], 401],
    ['a slash at the end', '/p/', `${publicUrl}/p`, [], 401],
  ])(
    'is held against the setting and the path: %s',
    async (_case, target, htu, headers, status) => {
      expect(await ask(target, htu, ...headers)).toBe(status)
    },
  )

  test('is refused by Node itself with two hosts, or counts for the setting', async () => {
    const two = ['Host: evil.example', 'Host: api.example.com']
    expect(await ask('/p', `${evil}/p`, ...two)).toBeGreaterThanOrEqual(400)
  })
})
