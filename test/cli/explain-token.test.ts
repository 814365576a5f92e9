import { createHmac } from 'node:crypto'
import { symmetricKey, type JwtBearerOptions } from 'express-jwt-bearer'
import { explainToken } from 'express-jwt-bearer/cli'
import { dpop } from 'express-jwt-bearer/dpop'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import { describe, expect, test } from 'vitest'

const audience = 'api://orders'
const authority = 'https://issuer.example'
const issuer = await createTestIssuer({ audience, issuer: authority })
const stranger = await createTestIssuer({ audience, issuer: authority })
const graph = '00000003-0000-0000-c000-000000000000'
const seconds = Math.floor(Date.now() / 1000)

type Claims = Record<string, unknown>

const published: JwtBearerOptions = { authority, audience, fetch: issuer.fetch }

function explain(token: string, more: Partial<Parameters<typeof explainToken>[0]> = {}) {
  return explainToken({ token, options: published, ...more })
}

/** A token of an issuer by another name, which its metadata carries. */
async function from(name: string, claims: Claims, more: JwtBearerOptions = {}) {
  const other = await createTestIssuer({ issuer: name, audience })
  return explainToken({
    token: await other.token(claims),
    options: { authority: name, audience, fetch: other.fetch, ...more },
  })
}

function hmac(secret: string, claims: Claims = {}): string {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const payload = { iss: authority, aud: audience, exp: seconds + 60, ...claims }
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(payload)}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

const good = await issuer.token({ sub: 'alice', scope: 'orders.read', roles: ['Reader'] })

describe('explainToken', () => {
  test('finds every check of a good token in order', async () => {
    const { checks, answer, likely } = await explain(good)
    expect(checks.map(({ name, ok }) => [name, ok])).toEqual(
      [
        ...['form', 'algorithm', 'key', 'signature', 'lifetime', 'audience', 'issuer', 'type'],
        ...['binding', 'scopes'],
      ].map((name) => [name, true]),
    )
    expect(answer).toEqual({ status: 200, challenge: undefined })
    expect(likely).toBeUndefined()
  })

  test('asks the issuer once per address, however many walks it takes', async () => {
    const asked: string[] = []
    const fetch: typeof globalThis.fetch = (input, init) => {
      asked.push(input instanceof Request ? input.url : String(input))
      return issuer.fetch(input, init)
    }
    await explain(good, { options: { ...published, fetch } })
    expect(asked).toEqual([...new Set(asked)])
  })

  test('shows each fault by itself, and the answer as the API gives it', async () => {
    const token = await issuer.token({
      aud: 'other',
      exp: seconds - 7200,
      iss: 'https://x.example',
    })
    const { checks, answer } = await explain(token)
    const faults = checks.filter(({ ok }) => ok === false).map(({ name }) => name)
    expect(faults).toEqual(['lifetime', 'audience', 'issuer'])
    expect(answer.status).toBe(401)
    expect(answer.challenge).toMatch(
      /^Bearer error="invalid_token", error_description="The token expired at '/,
    )
    expect(checks.find(({ name }) => name === 'audience')).toMatchObject({
      token: '"other"',
      accepted: `"${audience}"`,
    })
  })

  test('judges the claims even where the signature does not hold', async () => {
    const token = await stranger.token({ aud: 'other' })
    const { checks } = await explain(token)
    expect(checks.map(({ name, ok }) => [name, ok])).toEqual([
      ['form', true],
      ['algorithm', true],
      ['key', false],
      ['signature', null],
      ['lifetime', true],
      ['audience', false],
      ['issuer', true],
      ['type', true],
      ['binding', true],
      ['scopes', true],
    ])
  })

  test('tells a wrong signature under a known key from an unknown key', async () => {
    const { checks, answer } = await explain(await issuer.wrongSignature())
    expect(checks.find(({ ok }) => ok === false)?.name).toBe('signature')
    expect(answer.challenge).toBe(
      'Bearer error="invalid_token", error_description="The signature is invalid"',
    )
  })

  test('says nothing of claims that cannot be read', async () => {
    const { checks, answer } = await explain('garbage')
    expect(checks.map(({ ok }) => ok)).toEqual([false, ...Array<null>(8).fill(null), true])
    expect(answer.status).toBe(401)
  })

  test('says of an empty token that it has no form', async () => {
    const { checks, answer } = await explain('')
    expect(checks[0]).toMatchObject({ name: 'form', ok: false })
    expect(answer).toEqual({ status: 401, challenge: 'Bearer' })
  })

  test('answers 500 where an event of the API fails', async () => {
    const onTokenValidated = () => {
      throw new Error('a fault of the app')
    }
    const { answer } = await explain(good, {
      options: { ...published, events: { onTokenValidated } },
    })
    expect(answer).toEqual({ status: 500, challenge: undefined })
  })

  test('fetches by itself where the options bring no fetch', async () => {
    const served = await createTestIssuer({ audience })
    const listening = await served.listen()
    const options = { audience, authority: listening.url, requireHttpsMetadata: false }
    const { answer } = await explain(await served.token(), { options })
    await listening.close()
    expect(answer.status).toBe(200)
  })

  test('counts the keys that an issuer has too many of to show', async () => {
    const others = Array.from({ length: 8 }, (_, index) => ({ kty: 'EC', kid: `key-${index}` }))
    const { checks } = await explain(good, {
      options: {
        ...published,
        fetch: async (input, init) => {
          const answer = await issuer.fetch(input, init)
          const document = (await answer.json()) as { keys?: object[] }
          const keys = [{ kty: 'EC' }, ...others, ...(document.keys ?? [])]
          return Response.json(document.keys === undefined ? document : { keys })
        },
      },
    })
    expect(checks[2]?.accepted).toMatch(/^a key without kid, key-0, .*, key-6 and 2 more$/)
  })

  test('tries scopes and roles', async () => {
    const met = await explain(good, { scopes: ['orders.read'], roles: ['Reader'] })
    expect(met.answer.status).toBe(200)
    const unmet = await explain(good, { scopes: ['orders.read', 'orders.write'] })
    expect(unmet.answer).toEqual({
      status: 403,
      challenge: 'Bearer error="insufficient_scope", scope="orders.read orders.write"',
    })
    expect(unmet.likely).toMatch(/lacks a scope/)
    const role = await explain(good, { roles: ['Admin'] })
    expect(role.checks.at(-1)).toEqual({
      name: 'roles',
      ok: false,
      token: '"Reader"',
      accepted: '"Admin"',
    })
    expect(role.likely).toMatch(/lacks a role/)
    expect((await explain('garbage', { roles: ['Admin'] })).checks.at(-1)?.ok).toBeNull()
  })

  test('works with a shared secret, a key and nothing fetched', async () => {
    const secret = 'an unguessable text of more than 32 characters'
    const options: JwtBearerOptions = {
      audience,
      tokenValidationParameters: { validIssuer: authority, issuerSigningKey: symmetricKey(secret) },
    }
    expect((await explain(hmac(secret), { options })).answer.status).toBe(200)
    const { checks, answer, likely } = await explain(hmac(`${secret}!`), { options })
    expect(answer.challenge).toContain('The signature key was not found')
    expect(checks.filter(({ ok }) => ok === false).map(({ name }) => name)).toEqual(['key'])
    expect(likely).toMatch(/no key of this API verifies the signature/)
  })

  test('answers 503 while the issuer cannot be reached, and judges what it can', async () => {
    const fetch = () => Promise.reject(new TypeError('fetch failed'))
    const { checks, answer, likely } = await explain(good, { options: { ...published, fetch } })
    expect(answer).toEqual({ status: 503, challenge: undefined })
    expect(checks.find(({ name }) => name === 'issuer')?.ok).toBeNull()
    expect(checks.find(({ name }) => name === 'audience')?.ok).toBe(true)
    expect(likely).toMatch(/could not be fetched/)
    const unreadable = good.replace(/\.[\w-]+\./, '.eyJz.')
    expect((await explain(unreadable, { options: { ...published, fetch } })).likely).toBe(likely)
  })

  test('heeds validators, types and ages of the options', async () => {
    const options: JwtBearerOptions = {
      ...published,
      tokenValidationParameters: {
        validTypes: ['jwt'],
        maxTokenAge: 10,
        audienceValidator: () => false,
        issuerValidator: () => true,
        clockSkew: 0,
      },
    }
    const { checks } = await explain(await issuer.token({ iat: seconds - 60, nbf: seconds - 60 }), {
      options,
    })
    const faults = checks.filter(({ ok }) => ok === false).map(({ name }) => name)
    expect(faults).toEqual(['lifetime', 'audience', 'type'])
  })

  test('throws what jwtBearer() would throw for a wrong set-up', async () => {
    await expect(explain(good, { options: { authority } })).rejects.toThrow(/audience/)
  })

  test('quotes neither the token nor its signature', async () => {
    const token = await issuer.token({ aud: 'other' })
    const text = JSON.stringify(await explain(token))
    for (const part of token.split('.')) expect(text).not.toContain(part)
  })
})

describe('the likely cause', () => {
  const entra1 = 'https://sts.windows.net/t-1/'
  const entra2 = 'https://login.microsoftonline.com/t-1/v2.0'

  test.each<[string, () => Promise<{ likely: string | undefined }>, RegExp]>([
    ['quotation marks', () => explain(`"${good}"`), /quotation marks/],
    ['the scheme in front', () => explain(`Bearer ${good}`), /was copied with the token/],
    ['line breaks', () => explain(`${good.slice(0, 50)}\n${good.slice(50)}`), /line breaks/],
    ['percent encoding', () => explain(good.replace('.', '%2E')), /percent-encoded/],
    ['ordinary base64', () => explain(`${good}=`), /base64url without padding/],
    ['a part cut off', () => explain(good.slice(0, good.lastIndexOf('.'))), /cut off or damaged/],
    ['a signature cut off', () => explain(good.slice(0, -20)), /cut off or damaged/],
    [
      'a payload that is cut',
      () => explain(good.replace(/\.[\w-]+\./, '.eyJz.')),
      /cut off or damaged/,
    ],
    ['no signature', async () => explain(await issuer.unsigned()), /not signed/],
    ['five parts', () => explain('a.b.c.d.e'), /encrypted token \(five parts\)/],
    ['an opaque token', () => explain('8xLOxBtZp8'), /opaque token, no JWT/],
    ["Auth0's opaque token", () => fromAuth0('8xLOxBtZp8'), /no "audience" was asked for/],
    ["Auth0's encrypted token", () => fromAuth0('a.b.c.d.e'), /no "audience" was asked for/],
    ['a refresh token of Google', () => explain('1//0gabcdef'), /refresh token/],
    [
      'a refresh token of Keycloak',
      async () => explain(await issuer.token({ typ: 'Refresh', aud: 'x' })),
      /refresh token/,
    ],
    [
      'an ID token by its nonce',
      async () => explain(await issuer.token({ nonce: 'n', aud: 'client' })),
      /ID token/,
    ],
    [
      'an ID token by its at_hash',
      async () => explain(await issuer.token({ at_hash: 'n', aud: 'client' })),
      /ID token/,
    ],
    [
      'an ID token by its audience',
      async () => explain(await issuer.token({ azp: 'client', aud: 'client' })),
      /ID token/,
    ],
    [
      'a token for Graph',
      async () => explain(await issuer.token({ aud: graph })),
      /Microsoft Graph.*api:\/\/orders\/\.default/,
    ],
    [
      'a token for Graph by its header',
      async () => explain(await stranger.token({}, { header: { nonce: 'n' } })),
      /Microsoft Graph/,
    ],
    [
      'a token for Graph where the API has no audience',
      async () =>
        explain(await stranger.token({ aud: graph }), {
          options: {
            ...published,
            audience: undefined,
            tokenValidationParameters: { validateAudience: false },
          },
        }),
      /Microsoft Graph.*api:\/\/<client id>\/\.default/,
    ],
    ['version 1 of Entra ID', () => from(entra2, { iss: entra1 }), /version 1 token/],
    ['version 2 of Entra ID', () => from(entra1, { iss: entra2 }), /version 2 token/],
    [
      'an issuer without its slash',
      () => from('https://t.auth0.com/', { iss: 'https://t.auth0.com' }),
      /"\/" at its end/,
    ],
    [
      'an issuer with a slash more',
      () => from('https://i.example', { iss: 'https://i.example/' }),
      /"\/" at its end/,
    ],
    [
      'another tenant',
      async () => explain(await issuer.token({ iss: 'https://other.example' })),
      /another issuer/,
    ],
    [
      "Keycloak's account",
      async () => explain(await issuer.token({ aud: 'account' })),
      /audience mapper/,
    ],
    [
      'no audience',
      async () => explain(await issuer.token({ aud: undefined })),
      /names no audience/,
    ],
    [
      'another API',
      async () => explain(await issuer.token({ aud: 'api://another' })),
      /meant for another API/,
    ],
    [
      'milliseconds',
      async () => explain(await issuer.token({ exp: Date.now(), aud: 'x' })),
      /milliseconds/,
    ],
    [
      'a token over',
      async () => explain(await issuer.token({ exp: seconds - 7200 })),
      /ended 2 hours ago/,
    ],
    [
      'a clock that is behind',
      async () => explain(await issuer.token({ nbf: seconds + 4000, iat: seconds + 4000 })),
      /clock .* off by about 1 hour/,
    ],
    ['no end', async () => explain(await issuer.token({ exp: undefined })), /never expires/],
    [
      'a shared secret where keys are public',
      () => explain(hmac('x'.repeat(31) + 'y')),
      /shared secret/,
    ],
    [
      'a secret out of a tutorial',
      () => explain(hmac('your-256-bit-secret')),
      /stands in tutorials/,
    ],
    [
      'an algorithm that is not accepted',
      async () =>
        explain(await es384(), {
          options: { ...published, tokenValidationParameters: { validAlgorithms: ['RS256'] } },
        }),
      /does not accept this algorithm/,
    ],
    ['an unknown key', async () => explain(await stranger.token()), /does not publish the key/],
    [
      'a changed token',
      async () => explain(await issuer.wrongSignature()),
      /no key of this API verifies/,
    ],
    [
      'a bound token',
      async () => explain(await issuer.token({ cnf: { jkt: 'x' } })),
      /bound to a key or a certificate/,
    ],
  ])('names %s', async (_, run, text) => {
    expect((await run()).likely).toMatch(text)
  })

  function fromAuth0(token: string) {
    const options = { authority: 'https://tenant.auth0.com/', audience, fetch: issuer.fetch }
    return explainToken({ token, options })
  }

  async function es384() {
    const other = await createTestIssuer({ alg: 'ES384', audience, issuer: authority })
    return other.token()
  }
})

describe('explainToken with a proof', async () => {
  const client = await issuer.dpopClient()
  const publicUrl = 'https://api.example.com/v1'
  const options: JwtBearerOptions = {
    ...published,
    proofOfPossession: dpop({ publicUrl, replayCache: false }),
  }

  async function prove(url: string, method = 'GET') {
    const { authorization, dpop: proof } = lowerCased(await client.headers(method, url))
    return explainToken({
      token: String(authorization).replace('DPoP ', ''),
      proof,
      options,
      publicUrl,
      url: '/orders',
    })
  }

  function lowerCased(headers: object): Record<string, string> {
    return Object.fromEntries(
      Object.entries(headers as Record<string, string>).map(([name, value]) => [
        name.toLowerCase(),
        value,
      ]),
    )
  }

  test('accepts the right one', async () => {
    const { answer, checks } = await prove(`${publicUrl}/orders`)
    expect(answer.status).toBe(200)
    expect(checks.every(({ ok }) => ok === true)).toBe(true)
  })

  test.each([
    ['another scheme', 'http://api.example.com/v1/orders', /another scheme/],
    ['another host', 'https://api.example.org/v1/orders', /another host/],
    ['a lost prefix', 'https://api.example.com/orders', /prefix/],
  ])('names %s of its address', async (_, url, text) => {
    const { answer, checks, likely } = await prove(url)
    expect(answer.status).toBe(401)
    expect(checks.filter(({ ok }) => ok === false).map(({ name }) => name)).toEqual(['binding'])
    expect(likely).toMatch(text)
  })

  test('says so where it does not fit otherwise', async () => {
    expect((await prove(`${publicUrl}/orders`, 'POST')).likely).toMatch(/its key, method, address/)
  })

  test('says so of a proof that names no address', async () => {
    const [header, , signature] = (await client.proof('GET', `${publicUrl}/orders`)).split('.')
    const payload = Buffer.from('{}').toString('base64url')
    const { authorization } = lowerCased(await client.headers('GET', `${publicUrl}/orders`))
    const { likely } = await explainToken({
      token: String(authorization).replace('DPoP ', ''),
      proof: `${header}.${payload}.${signature}`,
      options,
      publicUrl,
    })
    expect(likely).toMatch(/its key, method, address/)
  })

  test('cannot tell where the signature of the token fails', async () => {
    const { proof } = { proof: await client.proof('GET', `${publicUrl}/orders`) }
    const token = await stranger.token({ cnf: { jkt: client.thumbprint } })
    const { checks } = await explainToken({ token, proof, options, publicUrl, url: '/orders' })
    expect(checks.find(({ name }) => name === 'binding')?.ok).toBeNull()
  })
})

test('explainToken leaves claims that are no object to the signature', async () => {
  const text = Buffer.from('[]').toString('base64url')
  const { checks } = await explain(good.replace(/\.[\w-]+\./, `.${text}.`))
  expect(checks.map(({ name, ok }) => [name, ok]).slice(0, 5)).toEqual([
    ['form', true],
    ['algorithm', true],
    ['key', true],
    ['signature', false],
    ['lifetime', null],
  ])
})
