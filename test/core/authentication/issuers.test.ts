import {
  createAuthorization,
  jwtBearer,
  symmetricKey,
  type IssuerOptions,
  type IssuerResolver,
  type JwtBearerOptions,
} from 'express-jwt-bearer'
import express from 'express'
import { exportSPKI, generateKeyPair, SignJWT } from 'jose'
import request from 'supertest'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { audience, makeKey, silence, startIssuer } from '../../support/issuer-server.js'

type Issuer = Awaited<ReturnType<typeof startIssuer>>

let one: Issuer
let other: Issuer

beforeEach(async () => {
  one = await startIssuer()
  other = await startIssuer()
})

afterEach(async () => {
  await Promise.all([one.stop(), other.stop()])
})

function judgeBy(options: JwtBearerOptions) {
  const middleware = jwtBearer(options)
  return async (token: string) => {
    const result = await middleware.authenticate({ headers: { authorization: `Bearer ${token}` } })
    return result.kind === 'failure' ? (result.error as Error & { code: string }).code : result.kind
  }
}

const requests = () => one.requests.length + other.requests.length

/** Text that looks like a signed token with these claims; nobody signed it. */
function unsigned(claims: unknown): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'ES256', kid: 'k' })}.${part(claims)}.AAAA`
}

const strangers: [who: string, claims: unknown, code: string][] = [
  ['an issuer nobody knows', { iss: 'https://unknown.test' }, 'ERR_TOKEN_ISSUER_INVALID'],
  ['no issuer', {}, 'ERR_TOKEN_ISSUER_INVALID'],
  ['an empty issuer', { iss: '' }, 'ERR_TOKEN_ISSUER_INVALID'],
  ['a number for an issuer', { iss: 1 }, 'ERR_TOKEN_ISSUER_INVALID'],
  ['a list of issuers', { iss: ['https://one.test'] }, 'ERR_TOKEN_ISSUER_INVALID'],
  ['the name of a property of every object', { iss: '__proto__' }, 'ERR_TOKEN_ISSUER_INVALID'],
  ['a payload that is no object', 'one', 'ERR_TOKEN_MALFORMED'],
]

describe('a list of issuers', () => {
  const list = (): JwtBearerOptions => ({ issuers: [one.options, other.options] })

  test('accepts the tokens of each, with the keys of that one alone', async () => {
    const judge = judgeBy(list())
    expect(await judge(await one.token())).toBe('success')
    expect(other.requests).toEqual([])
    expect(await judge(await other.token())).toBe('success')
  })

  test.each(strangers)('refuses %s without asking anybody', async (_who, claims, code) => {
    expect(await judgeBy(list())(unsigned(claims))).toBe(code)
    expect(requests()).toBe(0)
  })

  test('never lets the key of one vouch for a token of the other, whatever they call it', async () => {
    const [mine, yours] = [await makeKey('ES256', 'same'), await makeKey('ES256', 'same')]
    one.publish(mine)
    other.publish(yours)
    const judge = judgeBy(list())
    expect(await judge(await one.token({}, mine))).toBe('success')
    expect(await judge(await other.token({}, yours))).toBe('success')
    expect(await judge(await one.token({}, yours))).toBe('ERR_TOKEN_SIGNATURE_INVALID')
    expect(await judge(await other.token({}, mine))).toBe('ERR_TOKEN_SIGNATURE_INVALID')
  })

  test('checks each audience for the tokens of its issuer', async () => {
    const judge = judgeBy({
      issuers: [one.options, { ...other.options, audience: 'api://invoices' }],
    })
    expect(await judge(await one.token())).toBe('success')
    expect(await judge(await other.token())).toBe('ERR_TOKEN_AUDIENCE_INVALID')
    expect(await judge(await other.token({ aud: 'api://invoices' }))).toBe('success')
    expect(await judge(await one.token({ aud: 'api://invoices' }))).toBe(
      'ERR_TOKEN_AUDIENCE_INVALID',
    )
  })

  test('keeps the outage of one away from the others', async () => {
    other.routes.set('/jwks', silence)
    const judge = judgeBy({ ...list(), backchannelTimeout: 1 })
    const token = await one.token()
    const waiting = judge(await other.token())
    const start = performance.now()
    expect(await judge(token)).toBe('success')
    expect(performance.now() - start).toBeLessThan(500)
    expect(await waiting).toBe('ERR_METADATA_UNAVAILABLE')
    expect(await judge(token)).toBe('success')
    expect(one.keyFetches()).toBe(1)
  })

  test('makes ready() fetch from all, and reject when one of them cannot be reached', async () => {
    const middleware = jwtBearer(list())
    await middleware.ready()
    expect([one.keyFetches(), other.keyFetches()]).toEqual([1, 1])
    await other.stop()
    await expect(jwtBearer(list()).ready()).rejects.toMatchObject({
      code: 'ERR_METADATA_UNAVAILABLE',
    })
    await other.restart()
  })

  test('takes issuers that are known by their keys alone', async () => {
    const key = await makeKey()
    const judge = judgeBy({
      issuers: [
        one.options,
        {
          audience,
          tokenValidationParameters: {
            validIssuers: ['urn:partner', 'urn:partner:old'],
            issuerSigningKey: key.jwk,
          },
        },
        {
          audience,
          jwksUri: `${other.url}/jwks`,
          requireHttpsMetadata: false,
          tokenValidationParameters: { validIssuer: other.url },
        },
      ],
    })
    expect(await judge(await one.token({ iss: 'urn:partner' }, key))).toBe('success')
    expect(await judge(await one.token({ iss: 'urn:partner:old' }, key))).toBe('success')
    expect(await judge(await one.token({}, key))).toBe('ERR_TOKEN_KEY_NOT_FOUND')
    expect(await judge(await other.token())).toBe('success')
    expect(other.requests).toEqual(['/jwks'])
  })

  test('finds an issuer with or without a "/" at its end; its document decides on the spelling', async () => {
    const judge = judgeBy({ issuers: [{ ...one.options, authority: `${one.url}/` }] })
    expect(await judge(await one.token())).toBe('success')
    expect(await judge(await one.token({ iss: `${one.url}/` }))).toBe('ERR_TOKEN_ISSUER_INVALID')
    expect(await judge(unsigned({ iss: `${one.url}//` }))).toBe('ERR_TOKEN_ISSUER_INVALID')
  })

  const partner: IssuerOptions = {
    authority: 'https://one.test',
    audience,
  }

  test.each<[what: string, options: unknown, message: string]>([
    ['nothing in it', { issuers: [] }, '"issuers" must not be empty'],
    [
      'the same issuer twice',
      { issuers: [partner, { ...partner, audience: 'b' }] },
      '"issuers[1]" claims the issuer "https://one.test" that another one claims already',
    ],
    [
      'the same issuer twice but for a "/"',
      { issuers: [partner, { ...partner, authority: 'https://one.test/' }] },
      '"issuers[1]" claims the issuer "https://one.test"',
    ],
    [
      'an issuer that another one accepts as well',
      {
        issuers: [
          partner,
          {
            ...partner,
            authority: 'https://two.test',
            tokenValidationParameters: { validIssuers: ['https://one.test'] },
          },
        ],
      },
      '"issuers[1]" claims the issuer "https://one.test"',
    ],
    [
      'an issuer without a name',
      { issuers: [partner, { metadataAddress: 'https://two.test/metadata', audience }] },
      '"issuers[1]" does not say which "iss" its tokens carry; set its "authority" or "tokenValidationParameters.validIssuer"',
    ],
    ['something else in it', { issuers: ['https://one.test'] }, '"issuers[0]" must be an object'],
    [
      'an option that is for all issuers',
      { issuers: [{ ...partner, clock: Date.now }] },
      '"clock" is not a member of "issuers[0]"',
    ],
    [
      'a misspelt parameter',
      { issuers: [{ ...partner, tokenValidationParameters: { ValidIssuer: 'a' } }] },
      'did you mean "validIssuer"?',
    ],
    ['an issuer over http', { issuers: [{ ...partner, authority: 'http://one.test' }] }, 'https:'],
    ['no audience', { issuers: [{ authority: 'https://one.test' }] }, '"audience" is missing'],
    [
      'options of a single issuer beside it',
      { issuers: [partner], audience },
      '"audience" belongs into each of "issuers", which takes its place',
    ],
    [
      'the authority of a single issuer beside it',
      { issuers: [partner], authority: 'https://two.test' },
      '"authority" belongs into each of "issuers"',
    ],
    [
      'something that is no list',
      { issuers: 'https://one.test' },
      '"issuers" must be an array or a function, got "https://one.test"',
    ],
  ])('is refused at construction with %s', (_what, options, message) => {
    const make = () => jwtBearer(options as JwtBearerOptions)
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION' }))
    expect(make).toThrow(message)
  })

  test('may stand beside options that are explicitly not given', async () => {
    const judge = judgeBy({ ...list(), authority: undefined, audience: undefined })
    expect(await judge(await one.token())).toBe('success')
  })
})

describe('a function that finds issuers', () => {
  const known = () => new Map([one, other].map((issuer) => [issuer.url, issuer.options] as const))

  test('is asked for each token, with its unverified issuer and the request', async () => {
    const asked: [string, unknown][] = []
    const tenants = known()
    const middleware = jwtBearer({
      issuers: (iss, req) => {
        asked.push([iss, req])
        return tenants.get(iss)
      },
    })
    const token = await one.token()
    const call = { headers: { authorization: `Bearer ${token}` } }
    expect((await middleware.authenticate(call)).kind).toBe('success')
    expect((await middleware.authenticate(call)).kind).toBe('success')
    expect(asked).toEqual([
      [one.url, call],
      [one.url, call],
    ])
    expect(asked[0]?.[1]).toBe(call)
  })

  test.each(strangers)(
    'is spared, or refuses, %s; nobody else is asked',
    async (_who, claims, code) => {
      const tenants = known()
      const judge = judgeBy({ issuers: (iss) => tenants.get(iss) })
      expect(await judge(unsigned(claims))).toBe(code)
      expect(requests()).toBe(0)
    },
  )

  test.each([
    ['undefined', undefined],
    ['null', null],
    ['undefined in time', Promise.resolve(undefined)],
  ])('refuses by returning %s', async (_what, answer) => {
    const judge = judgeBy({ issuers: () => answer })
    expect(await judge(await one.token())).toBe('ERR_TOKEN_ISSUER_INVALID')
    expect(requests()).toBe(0)
  })

  const guarded = (issuers: IssuerResolver) => {
    const { authorize } = createAuthorization({})
    const app = express().use(jwtBearer({ issuers }))
    app.get('/public', (_req, res) => void res.json('open'))
    app.get('/', authorize(), (req, res) => void res.json(req.user?.subject))
    // Express's own handler writes what it answers with 500 to the console, except in its test mode.
    return app.set('env', 'test')
  }

  test.each<[what: string, resolver: IssuerResolver, status: number, code: string]>([
    ['finds nothing', () => undefined, 401, 'ERR_TOKEN_ISSUER_INVALID'],
    [
      'throws',
      () => {
        throw new Error('the database is down')
      },
      503,
      'ERR_METADATA_UNAVAILABLE',
    ],
    [
      'rejects',
      () => Promise.reject(new Error('the database is down')),
      503,
      'ERR_METADATA_UNAVAILABLE',
    ],
    [
      'returns an http: authority',
      () => ({ authority: 'http://a.test', audience }),
      500,
      'ERR_CONFIGURATION',
    ],
    ['returns no options at all', () => 'yes' as never, 500, 'ERR_CONFIGURATION'],
    [
      'returns an unknown option',
      () => ({ autority: 'https://a.test' }) as never,
      500,
      'ERR_CONFIGURATION',
    ],
    ['returns no audience', () => ({ authority: 'https://a.test' }), 500, 'ERR_CONFIGURATION'],
  ])('that %s makes a guard answer as it should', async (_what, resolver, status, code) => {
    const app = guarded(resolver)
    const header = { Authorization: `Bearer ${await one.token()}` }
    const answer = await request(app).get('/').set(header)
    expect(answer.status).toBe(status)
    expect(answer.text).not.toContain('database')
    expect(answer.headers['retry-after']).toBe(status === 503 ? '1' : undefined)
    expect((await request(app).get('/public').set(header)).status).toBe(200)
    expect(await judgeBy({ issuers: resolver })(await one.token())).toBe(code)
  })

  test('shares the keys of an issuer between calls, new objects or not', async () => {
    const judge = judgeBy({ issuers: (iss) => ({ ...(known().get(iss) as IssuerOptions) }) })
    for (let count = 0; count < 5; count += 1) {
      expect(await judge(await one.token({ jti: String(count) }))).toBe('success')
    }
    expect(one.keyFetches()).toBe(1)
  })

  test('shares them even when functions and keys in the options are new each time', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256')
    const pem = await exportSPKI(publicKey)
    const judge = judgeBy({
      issuers: () => ({
        ...one.options,
        tokenValidationParameters: {
          issuerSigningKeys: [pem],
          roleClaimType: (claims) => [String(claims.sub)],
        },
      }),
    })
    for (let count = 0; count < 5; count += 1) {
      expect(await judge(await one.token({ jti: String(count) }))).toBe('success')
      const own = { kid: 'own', alg: 'ES256', privateKey, jwk: {} }
      expect(await judge(await one.token({ jti: String(count) }, own))).toBe('success')
    }
    // The second fetch is for the unknown "kid" of the local key.
    expect(one.keyFetches()).toBeLessThanOrEqual(2)
  })

  test('has its changed options heeded at once, changed in place too, with the same keys', async () => {
    const options: IssuerOptions = { ...one.options, tokenValidationParameters: { validTypes: [] } }
    const types = ['JWT']
    options.tokenValidationParameters = { validTypes: types }
    const judge = judgeBy({ issuers: () => options })
    const token = await signed(one, 'at+jwt')
    expect(await judge(token)).toBe('ERR_TOKEN_TYPE_INVALID')
    types.push('at+jwt')
    expect(await judge(token)).toBe('success')
    types.pop()
    expect(await judge(token)).toBe('ERR_TOKEN_TYPE_INVALID')
    options.tokenValidationParameters = {}
    expect(await judge(token)).toBe('success')
    options.audience = 'api://another'
    expect(await judge(token)).toBe('ERR_TOKEN_AUDIENCE_INVALID')
    expect(one.keyFetches()).toBe(1)
  })

  test.each([
    ['a key', (jwk: object) => ({ issuerSigningKey: jwk as never })],
    ['a key in a list', (jwk: object) => ({ issuerSigningKeys: [jwk as never] })],
    ['a key in a set', (jwk: object) => ({ issuerSigningKey: { keys: [jwk] } as never })],
  ])('has %s that is changed in place heeded at once', async (_what, wrap) => {
    const [first, second] = [await makeKey(), await makeKey()]
    const jwk = { ...first.jwk }
    const tokenValidationParameters = {
      validIssuer: one.url,
      issuerSigningKey: undefined,
      ...wrap(jwk),
    }
    const judge = judgeBy({ issuers: () => ({ audience, tokenValidationParameters }) })
    const token = await one.token({}, first)
    expect(await judge(token)).toBe('success')
    expect(await judge(token)).toBe('success')
    Object.assign(jwk, second.jwk)
    expect(await judge(token)).toMatch(/^ERR_TOKEN_/)
    expect(await judge(await one.token({}, second))).toBe('success')
  })

  test('has a changed secret heeded at once', async () => {
    const secrets = [
      'the first secret of this tenant, long enough',
      'the second secret of this tenant, as long',
    ]
    let current = 0
    const judge = judgeBy({
      issuers: (iss) => ({
        audience,
        tokenValidationParameters: {
          validIssuer: iss,
          issuerSigningKey: symmetricKey(secrets[current] as string),
        },
      }),
    })
    const token = await new SignJWT({ iss: 'urn:a', aud: audience, exp: Date.now() / 1000 + 60 })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(Buffer.from(secrets[0] as string))
    expect(await judge(token)).toBe('success')
    expect(await judge(token)).toBe('success')
    current = 1
    expect(await judge(token)).toBe('ERR_TOKEN_KEY_NOT_FOUND')
  })

  test('that answers by the request is not outwitted by a remembered token', async () => {
    const strict: IssuerOptions = {
      ...one.options,
      tokenValidationParameters: { claimsSchema: z.object({ level: z.literal('high') }) },
    }
    const middleware = jwtBearer({
      issuers: (_iss, req) => (req.headers['host'] === 'strict.test' ? strict : one.options),
    })
    const authorization = `Bearer ${await one.token()}`
    const ask = async (host: string) =>
      (await middleware.authenticate({ headers: { authorization, host } })).kind
    expect(await ask('open.test')).toBe('success')
    expect(await ask('open.test')).toBe('success')
    expect(await ask('strict.test')).toBe('failure')
    expect(await ask('open.test')).toBe('success')
  })

  test('has nothing for ready() to fetch', async () => {
    await jwtBearer({ issuers: () => one.options }).ready()
    expect(requests()).toBe(0)
  })

  test('meets 10,000 made-up issuers with no fetch and flat memory', async () => {
    const tenants = known()
    const judge = judgeBy({ issuers: (iss) => tenants.get(iss) })
    const good = await one.token()
    const flood = async (from: number) => {
      for (let index = from; index < from + 5_000; index += 1) {
        const outcome = await judge(
          unsigned({ iss: `https://${String(index)}.test/${'x'.repeat(500)}` }),
        )
        if (outcome !== 'ERR_TOKEN_ISSUER_INVALID') throw new Error(outcome)
        if (index % 100 === 0) expect(await judge(good)).toBe('success')
      }
      return process.memoryUsage().heapUsed
    }
    const half = await flood(0)
    const whole = await flood(5_000)
    expect(whole - half).toBeLessThan(30 * 1024 * 1024)
    expect(requests()).toBe(2)
  })
})

test('several schemes work beside one with several issuers', async () => {
  const third = await startIssuer()
  const { authorize } = createAuthorization({})
  const app = express()
    .use(jwtBearer({ issuers: [one.options, other.options] }))
    .use(jwtBearer({ ...third.options, scheme: 'Partner' }))
    .get('/any', authorize(), (req, res) => void res.json(req.user?.scheme))
    .get(
      '/partner',
      authorize({ schemes: 'Partner' }),
      (req, res) => void res.json(req.user?.scheme),
    )
  const ask = async (path: string, issuer: Issuer) => {
    const header = { Authorization: `Bearer ${await issuer.token()}` }
    const answer = await request(app).get(path).set(header)
    return answer.status === 200 ? (answer.body as string) : answer.status
  }
  expect(await ask('/any', one)).toBe('Bearer')
  expect(await ask('/any', other)).toBe('Bearer')
  expect(await ask('/any', third)).toBe('Partner')
  expect(await ask('/partner', third)).toBe('Partner')
  expect(await ask('/partner', one)).toBe(401)
  await third.stop()
})

/** A token of the issuer's whose header names a type. */
async function signed(issuer: Issuer, typ: string): Promise<string> {
  const key = await makeKey()
  issuer.publish(key)
  return new SignJWT({ iss: issuer.url, aud: audience, exp: Date.now() / 1000 + 60 })
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ })
    .sign(key.privateKey)
}
