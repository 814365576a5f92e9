import { inspect } from 'node:util'
import { z } from 'zod'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { getAuthentication, type JwtBearerOptions } from 'express-jwt-bearer'
import { frameworks } from '../support/create-app.js'
import { encode } from '../support/tokens.js'
import { makeKey } from '../support/issuer-server.js'
import { client, createApi, N, secret, start, startEndpoint, audience } from './fixture.js'
import type { Endpoint, Given } from './fixture.js'

const invalid = 'Bearer error="invalid_token"'
const described = (text: string) => `${invalid}, error_description="${text}"`
const active = { active: true, sub: 'alice', aud: audience }

let endpoint: Endpoint
beforeAll(async () => {
  endpoint = await startEndpoint()
})
beforeEach(() => {
  endpoint.reset()
})
afterAll(() => endpoint.stop())

describe.each(frameworks)('introspection() under $framework', ({ express }) => {
  const api = (given?: Given) => createApi(express, endpoint, given)

  test('lets the caller in whose token the issuer calls active, as the issuer describes it', async () => {
    endpoint.I({ ...active, scope: 'a b', client_id: 'web', username: 'al', exp: N + 60 })
    const response = await api().send()
    expect(response.status).toBe(200)
    expect(response.body).toEqual({
      subject: 'alice',
      roles: [],
      scopes: ['a', 'b'],
      claims: {
        ...{ sub: 'alice', aud: audience, scope: 'a b', client_id: 'web', username: 'al' },
        exp: N + 60,
      },
    })
    const [call] = endpoint.calls
    expect(call).toMatchObject({
      method: 'POST',
      body: 'token=o-1&token_type_hint=access_token',
      headers: {
        accept: 'application/json',
        'content-type': 'application/x-www-form-urlencoded',
        authorization: `Basic ${Buffer.from(
          `orders-api:${encodeURIComponent(secret).replaceAll('%20', '+')}`,
        ).toString('base64')}`,
      },
    })
  })

  test.each<[string, unknown]>([
    ['active is false', { active: false }],
    ['active is not there', {}],
    ['active is the text true', { ...active, active: 'true' }],
    ['active is 1', { ...active, active: 1 }],
    ['active is null', { ...active, active: null }],
    ['active is an array', { ...active, active: [true] }],
  ])('refuses a token, and says no reason, where %s', async (_case, answer) => {
    endpoint.I(answer)
    const { send, errors } = api()
    const response = await send()
    expect([response.status, response.headers['www-authenticate']]).toEqual([401, invalid])
    expect(errors[0]?.code).toBe('ERR_TOKEN_INACTIVE')
  })

  test.each<[string, object, Partial<JwtBearerOptions>['tokenValidationParameters'], string | 200]>(
    [
      ['no aud', { aud: undefined }, {}, 'The audience is invalid'],
      ['another aud', { aud: 'x' }, {}, 'The audience is invalid'],
      ['an aud that is no text', { aud: 5 }, {}, 'The audience is invalid'],
      ['one of several aud', { aud: ['x', audience] }, {}, 200],
      ['no aud where none is asked for', { aud: undefined }, { validateAudience: false }, 200],
      ['an aud that a function accepts', { aud: 'x' }, { audienceValidator: () => true }, 200],
      [
        'an aud that a function refuses',
        {},
        { audienceValidator: () => false },
        'The audience is invalid',
      ],
      ['no exp', {}, {}, 200],
      ['no exp where JWTs need one', {}, { requireExpirationTime: true }, 200],
      ['an exp to come', { exp: N + 1 }, { clockSkew: 0 }, 200],
      ['an exp that is over', { exp: N }, { clockSkew: 0 }, `expired ${String(N)}`],
      ['an exp within the skew', { exp: N - 299 }, {}, 200],
      ['an exp beyond the skew', { exp: N - 300 }, {}, `expired ${String(N - 300)}`],
      ['an nbf within the skew', { nbf: N + 300 }, {}, 200],
      ['an nbf to come', { nbf: N + 301 }, {}, `early ${String(N + 301)}`],
      ['an nbf after exp', { nbf: N + 5, exp: N + 4 }, {}, 'The token lifetime is invalid'],
      ['a fresh iat', { iat: N - 10 }, { maxTokenAge: 10, clockSkew: 1 }, 200],
      [
        'an old iat',
        { iat: N - 11 },
        { maxTokenAge: 10, clockSkew: 1 },
        `expired ${String(N - 1)}`,
      ],
      ['no iat where its age counts', {}, { maxTokenAge: 10 }, 'expired 10'],
      [
        'the lifetime a function refuses',
        {},
        { lifetimeValidator: () => false },
        'The token lifetime is invalid',
      ],
      ['a type that JWTs must have', {}, { validTypes: ['at+jwt'] }, 200],
    ],
  )('judges the claims as those of a JWT: %s', async (_case, claims, parameters, expected) => {
    endpoint.I({ ...active, ...claims })
    const response = await api({
      scheme: { tokenValidationParameters: parameters as never },
    }).send()
    if (expected === 200) {
      expect(response.status).toBe(200)
      return
    }
    const [word, at] = expected.split(' ')
    const instant = new Date(Number(at) * 1000)
    const text = {
      expired: () => `The token expired at '${instant.toISOString()}'`,
      early: () => `The token is not valid before '${instant.toISOString()}'`,
    }[word as string]
    expect(response.status).toBe(401)
    expect(response.headers['www-authenticate']).toBe(described(text?.() ?? expected))
  })

  test.each(
    ['exp', 'nbf', 'iat'].flatMap((name) => ['1', null, {}].map((value) => ({ name, value }))),
  )('refuses $name that is no number: $value', async ({ name, value }) => {
    endpoint.I({ ...active, [name]: value })
    const { send, errors } = api()
    const response = await send()
    expect([response.status, response.headers['www-authenticate']]).toEqual([401, invalid])
    expect(errors[0]?.code).toBe('ERR_TOKEN_MALFORMED')
  })

  test('refuses numbers beyond what a number can hold', async () => {
    endpoint.answer = (_, response) => {
      response.end(`{"active":true,"aud":"${audience}","exp":1e999}`)
    }
    expect((await api().send()).status).toBe(401)
  })

  test('puts the members through the schema, once per answer', async () => {
    let runs = 0
    const claimsSchema = z.object({ sub: z.string() }).transform((claims) => {
      runs += 1
      return { ...claims, tenant: 'acme' }
    })
    const { send } = api({ scheme: { tokenValidationParameters: { claimsSchema } as never } })
    for (const response of [await send(), await send()]) {
      const body = response.body as { claims: unknown }
      expect(body).toMatchObject({ subject: 'alice', scopes: ['a', 'b'] })
      expect(body.claims).toEqual({ sub: 'alice', tenant: 'acme' })
    }
    expect(runs).toBe(1)
    endpoint.I({ ...active, sub: 5 })
    const refused = await send('o-2')
    expect([refused.status, refused.headers['www-authenticate']]).toEqual([401, invalid])
  })

  test('shares nothing between requests that cannot be frozen', async () => {
    let runs = 0
    const claimsSchema = z.object({ sub: z.string() }).transform((claims) => {
      runs += 1
      return { ...claims, tenants: new Map() }
    })
    const { send } = api({ scheme: { tokenValidationParameters: { claimsSchema } as never } })
    expect([(await send()).status, (await send()).status]).toEqual([200, 200])
    expect([runs, endpoint.calls.length]).toEqual([2, 1])
  })

  test('lets each token in once where it must, and judges tokens with a dot as a whole', async () => {
    const used = new Map<string, Date>()
    const tokenReplayCache = {
      addIfAbsent: (key: string, expiresAt: Date) =>
        used.has(key) ? false : Boolean(used.set(key, expiresAt)),
    }
    const { send, errors } = api({ scheme: { tokenValidationParameters: { tokenReplayCache } } })
    const statuses = []
    for (const token of ['o.1', 'o.1', 'o.2', 'o.2.3.4.5'])
      statuses.push((await send(token)).status)
    expect(statuses).toEqual([200, 401, 200, 200])
    expect(errors[0]?.code).toBe('ERR_TOKEN_REPLAYED')
    expect([...used.values()][0]).toEqual(new Date((N + 60 + 300) * 1000))
    endpoint.I(active)
    expect((await send('o-3')).headers['www-authenticate']).toBe(
      described('The token has no expiration'),
    )
  })

  test.each<[string, string, number]>([
    ['no JWT, and is', 'o-1', 200],
    ['five parts', 'a.b.c.d.e', 200],
    ['three parts, none of them a header', 'v4.public.x', 200],
    ['a JSON header without an alg', `${encode({ typ: 'x' })}.b.c`, 200],
    ['a header whose alg is no text', `${encode({ alg: 1 })}.b.c`, 200],
    ['a JSON array for a header', `${encode(['alg'])}.b.c`, 200],
    ['null for a header', `${encode('null')}.b.c`, 200],
    ['a JWT in four parts', `${encode({ alg: 'ES256' })}.b.c.d`, 200],
    ['a JWT', `${encode({ alg: 'ES256' })}.e30.YQ`, 401],
    ['a JWT without content', `${encode({ alg: 'none' })}..`, 401],
    ['a JWT with a header of blanks', `${encode(' {"alg":"ES256"} ')}.e30.YQ`, 401],
  ])('tells by the form alone that a token is %s', async (_case, token, status) => {
    expect((await api().send(token)).status).toBe(status)
    expect(endpoint.calls).toHaveLength(status === 200 ? 1 : 0)
  })

  test('checks JWTs as ever, and never asks about one, however it fails', async () => {
    const { send } = api()
    const [good, foreign] = [
      await endpoint.issuer.token({}, undefined, start),
      await endpoint.issuer.token({}, await makeKey(), start),
    ]
    expect((await send(good)).status).toBe(200)
    expect((await send(`${good.slice(0, -4)}AAAA`)).status).toBe(401)
    expect((await send(foreign)).headers['www-authenticate']).toContain('signature')
    expect(endpoint.calls).toEqual([])
  })

  test('asks about JWTs too where it shall, and checks none here', async () => {
    const { send } = api({ introspection: { tokens: 'all' } })
    const foreign = await endpoint.issuer.token({}, await makeKey(), start)
    expect((await send(foreign)).status).toBe(200)
    expect((await send('o-1')).status).toBe(200)
    expect(endpoint.calls).toHaveLength(2)
    expect(endpoint.issuer.keyFetches()).toBe(0)
  })

  test.each<[string, string, Given, number]>([
    ['16,384 characters', 'o'.repeat(15_000), {}, 200],
    ['more than the limit', 'o'.repeat(21), { introspection: { maxTokenLength: 20 } }, 401],
    ['as many as the limit', 'o'.repeat(20), { introspection: { maxTokenLength: 20 } }, 200],
    ["more than the scheme's limit", 'o'.repeat(21), { scheme: { maxTokenLength: 20 } }, 401],
    ['a comma', 'o,1', {}, 400],
    ['letters beyond ASCII', 'öö', {}, 400],
  ])('looks at form and length before any call: %s', async (_case, token, given, status) => {
    const { middleware } = api(given)
    const result = await middleware.authenticate({ headers: { authorization: `Bearer ${token}` } })
    const code = result.kind === 'failure' ? (result.error as { code?: string }).code : undefined
    const expected = {
      200: undefined,
      400: 'ERR_BEARER_REQUEST_INVALID',
      401: 'ERR_TOKEN_MALFORMED',
    }
    expect(code).toBe(expected[status as 200])
    expect(endpoint.calls).toHaveLength(status === 200 ? 1 : 0)
  })

  test.each(['o 1', 'o\n1', 'ö', '=o', 'o\u0000'])(
    'asks about nothing that is no bearer token, whoever brings it: %j',
    async (token) => {
      const events: JwtBearerOptions['events'] = {
        onMessageReceived: (context) => {
          context.token = token
        },
      }
      const response = await api({ scheme: { events } }).send()
      expect([response.status, response.headers['www-authenticate']]).toEqual([401, invalid])
      expect(endpoint.calls).toEqual([])
    },
  )

  test('raises the events of a JWT, with a token that has no header', async () => {
    const seen: unknown[] = []
    const { send, app } = api({
      scheme: {
        events: {
          onTokenValidated: ({ securityToken, principal }) => {
            seen.push(securityToken, principal.subject)
          },
        },
      },
    })
    app.get('/result', (req, res) => {
      const result = getAuthentication(req)
      seen.push(result)
      res.end()
    })
    await send('o-1', '/result')
    expect(seen[0]).toEqual({
      header: {},
      payload: { sub: 'alice', aud: audience, scope: 'a b', exp: N + 60 },
      raw: 'o-1',
    })
    expect(seen[1]).toBe('alice')
    expect(seen[2]).toMatchObject({
      ...{ kind: 'success', token: 'o-1', header: {}, scheme: 'Bearer', issuedAt: undefined },
      expiresAt: new Date((N + 60) * 1000),
    })
  })

  test('runs onTokenValidated on each use, and shares no principal', async () => {
    let runs = 0
    const { send } = api({
      scheme: {
        events: {
          onTokenValidated: (context) => {
            runs += 1
            if (runs === 2) context.fail('not twice')
          },
        },
      },
    })
    expect([(await send()).status, (await send()).status, (await send()).status]).toEqual([
      200, 401, 200,
    ])
    expect(endpoint.calls).toHaveLength(1)
  })
})

describe('the issuer of an opaque token', () => {
  const wrong = described('The issuer is invalid')

  test.each<[string, unknown, Given, number]>([
    ['is not named', undefined, {}, 200],
    ['is the one of the metadata', '', {}, 200],
    ['is another', 'https://other.example', {}, 401],
    ['has a "/" that the metadata has not', '/', {}, 401],
    ['is no text', 5, {}, 401],
    ['is null', null, {}, 401],
    [
      'is no text, where no issuer is checked',
      5,
      { scheme: { tokenValidationParameters: { validateIssuer: false } } },
      401,
    ],
    [
      'is any, where none is checked',
      'x',
      { scheme: { tokenValidationParameters: { validateIssuer: false } } },
      200,
    ],
    [
      'is one of the options',
      'x',
      { scheme: { tokenValidationParameters: { validIssuer: 'x' } } },
      200,
    ],
    [
      'is one that a function accepts',
      'x',
      { scheme: { tokenValidationParameters: { issuerValidator: () => true } } },
      200,
    ],
    [
      'is one that a function refuses',
      'x',
      { scheme: { tokenValidationParameters: { issuerValidator: () => false } } },
      401,
    ],
    [
      'is not named, so that no function is asked',
      undefined,
      { scheme: { tokenValidationParameters: { issuerValidator: () => false } } },
      200,
    ],
  ])('%s', async (_case, iss, given, status) => {
    const { url } = endpoint.issuer
    endpoint.I({ ...active, iss: iss === '' || iss === '/' ? `${url}${iss}` : iss })
    const response = await createApi(frameworks[1]?.express as never, endpoint, given).send()
    expect(response.status).toBe(status)
    if (status === 401) expect(response.headers['www-authenticate']).toBe(wrong)
  })

  test.each<[string, string, number]>([
    ['the authority', '', 200],
    ['the authority and a "/"', '/', 200],
    ['the authority and two', '//', 401],
    ['a neighbour', '.evil.example', 401],
  ])(
    'is compared with the authority where there is no need for metadata: %s',
    async (_case, end, status) => {
      endpoint.I({ ...active, iss: `${endpoint.issuer.url}${end}` })
      const given = { introspection: { introspectionEndpoint: endpoint.url } }
      const response = await createApi(frameworks[1]?.express as never, endpoint, given).send()
      expect(response.status).toBe(status)
      expect(endpoint.issuer.requests).toEqual(['/introspect'])
    },
  )

  test('is learnt from the metadata where nothing else tells it', async () => {
    const { origin, url } = endpoint.issuer
    const given: Given = {
      introspection: { introspectionEndpoint: endpoint.url },
      scheme: {
        authority: undefined,
        metadataAddress: `${origin}/.well-known/openid-configuration`,
      },
    }
    const { send } = createApi(frameworks[1]?.express as never, endpoint, given)
    endpoint.I({ ...active, iss: url })
    expect((await send()).status).toBe(200)
    endpoint.I({ ...active, iss: `${url}/` })
    expect((await send('o-2')).status).toBe(401)
  })
})

describe('a result', () => {
  test('shows neither token nor claims when logged, and no token where it is not kept', async () => {
    const { middleware } = createApi(frameworks[1]?.express as never, endpoint, {
      scheme: { saveToken: false },
    })
    const result = await middleware.authenticate({
      headers: { authorization: 'Bearer o-1-secret' },
    })
    const shown = `${inspect(result, { depth: 9 })}${JSON.stringify(result)}`
    expect(result).toMatchObject({ kind: 'success', token: undefined })
    expect(shown).not.toContain('o-1-secret')
    expect(shown).not.toContain('alice')
    expect(shown).not.toContain(client.clientSecret)
  })
})
