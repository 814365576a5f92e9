import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { jwtBearer } from 'express-jwt-bearer'
import { headerLines, requestView } from '../../../src/core/authentication/request-view.js'
import { hs256, options, outcomeOf } from '../../support/tokens.js'

const token = hs256()
const good = `Bearer ${token}`
const middleware = jwtBearer(options())

async function judge(request: unknown): Promise<string> {
  return outcomeOf(await middleware.authenticate(request as never))
}

function nodeRequest(headers: Record<string, string>): IncomingMessage {
  return Object.assign(new IncomingMessage(new Socket()), { headers })
}

class PrivateHeaders {
  readonly #values = new Map([['authorization', good]])
  get(name: string) {
    return this.#values.get(name)
  }
}

describe('authenticate() outside Express', () => {
  test.each<[string, unknown]>([
    ['an object in lower case', { headers: { authorization: good } }],
    ['an object in title case', { headers: { Authorization: good } }],
    ['an object in upper case', { headers: { AUTHORIZATION: good } }],
    ['an array of one', { headers: { Authorization: [good] } }],
    [
      'a spelling beside one that is undefined',
      { headers: { authorization: undefined, Authorization: good } },
    ],
    [
      'an object without a prototype',
      { headers: Object.assign(Object.create(null) as object, { Authorization: good }) },
    ],
    [
      'an object of another realm',
      runInNewContext('({ headers: { Authorization: value } })', { value: good }),
    ],
    ['Fetch’s Headers', { headers: new Headers({ Authorization: good }) }],
    ['Fetch’s Request', new Request('https://api.test/', { headers: { Authorization: good } })],
    ['a Map', { headers: new Map([['Authorization', good]]) }],
    ['pairs', { headers: [['Authorization', good]] }],
    [
      'an instance of a class',
      {
        headers: Object.assign(Object.create(Socket.prototype as object) as object, {
          Authorization: good,
        }),
      },
    ],
    ['Node’s request', nodeRequest({ authorization: good })],
    ['Headers alone', new Headers({ Authorization: good })],
    ['a Map alone', new Map([['authorization', good]])],
    ['an object of headers alone', { Authorization: good, Accept: '*/*' }],
  ])('finds the token in %s', async (_what, request) => {
    expect(await judge(request)).toBe('success')
  })

  test.each<[string, unknown]>([
    ['an object', { headers: { Authorization: `${good}x` } }],
    ['Headers', { headers: new Headers({ Authorization: `${good}x` }) }],
    ['a Map', { headers: new Map([['AUTHORIZATION', `${good}x`]]) }],
  ])('refuses a bad token in %s', async (_what, request) => {
    expect(await judge(request)).toMatch(/^ERR_TOKEN_/)
  })

  test.each<[string, unknown]>([
    ['an empty object', { headers: {} }],
    ['other headers', { headers: { Accept: '*/*', 'Content-Length': 5 } }],
    ['a header that is undefined', { headers: { Authorization: undefined } }],
    ['a header that is null', { headers: { Authorization: null } }],
    ['empty Headers', { headers: new Headers() }],
    ['a Request without a token', new Request('https://api.test/')],
    ['an empty Map', { headers: new Map() }],
    ['no pairs', { headers: [] }],
    ['Node’s request without a token', nodeRequest({ host: 'api.test' })],
  ])('finds no credentials in %s', async (_what, request) => {
    expect(await judge(request)).toBe('none')
  })

  test.each<[string, unknown]>([
    ['two spellings', { headers: { authorization: good, Authorization: good } }],
    ['two lines', { headers: { Authorization: [good, good] } }],
    [
      'two entries of a Map',
      {
        headers: new Map([
          ['Authorization', good],
          ['authorization', good],
        ]),
      },
    ],
    [
      'two pairs',
      {
        headers: [
          ['authorization', good],
          ['authorization', 'Basic x'],
        ],
      },
    ],
    [
      'Headers that were appended to',
      {
        headers: new Headers([
          ['authorization', good],
          ['Authorization', good],
        ]),
      },
    ],
    [
      'a spelling that the raw headers do not show',
      {
        headers: { authorization: good, Authorization: good },
        rawHeaders: ['Authorization', good],
      },
    ],
    [
      'two raw lines',
      {
        headers: { Authorization: good },
        rawHeaders: ['Authorization', good, 'AUTHORIZATION', good],
      },
    ],
    [
      'two distinct lines',
      { headers: { Authorization: good }, headersDistinct: { authorization: [good, good] } },
    ],
  ])('takes %s for malformed', async (_what, request) => {
    expect(await judge(request)).toBe('ERR_BEARER_REQUEST_INVALID')
  })

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', good],
    ['an object without headers', { url: '/' }],
    ['headers that are undefined', { headers: undefined }],
    ['headers that are null', { headers: null }],
    ['headers that are a text', { headers: good }],
    ['headers in one row', { headers: ['Authorization', good] }],
    ['headers that keep their names to themselves', { headers: new PrivateHeaders() }],
    ['a token as bytes', { headers: { Authorization: Buffer.from(good) } }],
    ['a token among bytes', { headers: { Authorization: [good, Buffer.from(good)] } }],
    ['a pair without a name', { headers: [[undefined, good]] }],
  ])('makes a failure with a TypeError of %s', async (_what, request) => {
    const result = await middleware.authenticate(request as never)
    expect(result).toMatchObject({ kind: 'failure', error: expect.any(TypeError) as unknown })
    expect(String((result as { error: Error }).error)).not.toContain(token)
  })

  test('shows events the object that was given', async () => {
    const seen: unknown[] = []
    const request = new Request('https://api.test/', { headers: { Authorization: good } })
    const observed = jwtBearer(
      options(
        {},
        { events: { onMessageReceived: ({ req, token: found }) => void seen.push(req, found) } },
      ),
    )
    await observed.authenticate(request)
    expect(seen).toEqual([request, token])
  })
})

describe('requestView', () => {
  test('gives credentials in Node’s form', () => {
    const headers = { Authorization: 'a', Other: 'd' }
    expect(requestView({ headers })).toEqual({ headers: { authorization: 'a' } })
    const two = { ...headers, authorization: 'b' }
    expect(requestView({ headers: two })).toEqual({ headers: { authorization: ['a', 'b'] } })
  })

  test('leaves raw headers out that are none', () => {
    const view = requestView({ headers: {}, rawHeaders: 'no', headersDistinct: 5 })
    expect(view.rawHeaders).toBeUndefined()
    expect(view.headersDistinct).toBeUndefined()
  })
})

describe('headerLines', () => {
  const raw = ['Host', 'x', 'DPoP', 'a', 'dpop', 'b', 'X-DPoP', 'c', 'x', 'dpop']

  test.each<[name: string, request: object, lines: readonly string[]]>([
    ['nothing', { headers: {} }, []],
    ['one line', { headers: { dpop: 'a' } }, ['a']],
    ['another case', { headers: { DPoP: 'a' } }, ['a']],
    ['two cases', { headers: { DPoP: 'a', dpop: 'b' } }, ['a', 'b']],
    ['an array', { headers: { dpop: ['a', 'b'] } }, ['a', 'b']],
    ['Fetch’s Headers', { headers: new Headers({ dpop: 'a' }) }, ['a']],
    ['a Map', new Map([['DPoP', 'a']]), ['a']],
    ['headers alone', { authorization: 'x', dpop: 'a' }, ['a']],
    ['a Fetch request', new Request('http://x', { headers: { dpop: 'a' } }), ['a']],
    ['lines that Node merged', { headers: { dpop: 'a, b' }, rawHeaders: raw }, ['a', 'b']],
    [
      'distinct lines',
      { headers: { dpop: 'a, b' }, headersDistinct: { dpop: ['a', 'b'] } },
      ['a', 'b'],
    ],
    ['one raw line', { headers: { dpop: 'a' }, rawHeaders: ['DPoP', 'a'] }, ['a']],
    ['a line that other middleware took away', { headers: {}, rawHeaders: ['DPoP', 'a'] }, []],
    ['a line that other middleware set', { headers: { dpop: 'b' }, rawHeaders: [] }, ['b']],
    ['raw headers that are none', { headers: { dpop: 'b' }, rawHeaders: 'no' }, ['b']],
  ])('lists the lines of %s', (_name, request, lines) => {
    expect(headerLines(request, 'dpop')).toEqual(lines)
  })
})
