import { decodeJwt, decodeProtectedHeader } from 'jose'
import { describe, expect, test, vi } from 'vitest'
import { jwtBearer } from 'express-jwt-bearer'
import { createTestIssuer, type TestIssuer } from 'express-jwt-bearer/testing'
import { judge } from '../support/tokens.js'

// Two RSA keys can take seconds on a busy machine.
vi.setConfig({ testTimeout: 30_000 })

const verdict = async (issuer: TestIssuer, token: string | Promise<string>) =>
  judge(issuer.options as never, await token)

type BadToken =
  'expired' | 'notYetValid' | 'wrongAudience' | 'wrongIssuer' | 'wrongSignature' | 'unsigned'

describe('createTestIssuer', async () => {
  const issuer = await createTestIssuer({
    alg: 'ES256',
    audience: 'api://orders',
    issuer: 'https://login.test',
  })

  test.each(['HS256', 'RS256', 'PS384', 'ES512', 'EdDSA', 'Ed25519'])(
    'signs with %s',
    async (alg) => {
      const one = await createTestIssuer({ alg })
      const token = await one.token()
      expect(decodeProtectedHeader(token)).toEqual({
        alg,
        kid: expect.any(String) as string,
        typ: 'at+jwt',
      })
      expect(await verdict(one, token)).toBe('success')
      expect(one.jwks.keys).toHaveLength(alg === 'HS256' ? 0 : 1)
    },
  )

  test.each<[string, Parameters<typeof createTestIssuer>[0]]>([
    ['left out', undefined],
    ['empty', {}],
    ['undefined', { issuer: undefined, audience: undefined, alg: undefined }],
  ])('has names of its own when its options are %s', async (_case, given) => {
    const one = await createTestIssuer(given)
    expect([one.issuer, one.audience]).toEqual(['https://issuer.test', 'api://test'])
    expect(decodeProtectedHeader(await one.token()).alg).toBe('RS256')
  })

  test('fills in what a token needs, and lets every claim be changed or left out', async () => {
    const claims = decodeJwt(await issuer.token({ sub: undefined, roles: ['Admin'] }))
    expect(claims).toMatchObject({
      iss: 'https://login.test',
      aud: 'api://orders',
      roles: ['Admin'],
    })
    expect('sub' in claims).toBe(false)
    expect(Number(claims.exp) - Number(claims.iat)).toBe(3600)
    const timed = decodeJwt(await issuer.token({}, { expiresIn: 60, notBefore: -30 }))
    expect(Number(timed.exp) - Number(timed.iat)).toBe(60)
    expect(Number(timed.nbf) - Number(timed.iat)).toBe(-30)
    expect(
      decodeProtectedHeader(await issuer.token({}, { header: { typ: 'JWT', x: 1 } })),
    ).toMatchObject({ typ: 'JWT', x: 1 })
  })

  test('makes the header of a request', async () => {
    const { Authorization } = await issuer.bearer({ sub: 'alice' })
    const result = await jwtBearer(issuer.options).authenticate({
      headers: { authorization: Authorization },
    })
    expect(result).toMatchObject({ kind: 'success', principal: { subject: 'alice' } })
  })

  test.each<[string, BadToken, string]>([
    ['expired', 'expired', 'ERR_TOKEN_EXPIRED'],
    ['not yet valid', 'notYetValid', 'ERR_TOKEN_NOT_YET_VALID'],
    ['for another audience', 'wrongAudience', 'ERR_TOKEN_AUDIENCE_INVALID'],
    ['from another issuer', 'wrongIssuer', 'ERR_TOKEN_ISSUER_INVALID'],
    ['signed by a stranger', 'wrongSignature', 'ERR_TOKEN_SIGNATURE_INVALID'],
    ['unsigned', 'unsigned', 'ERR_TOKEN_ALGORITHM_NOT_ALLOWED'],
  ])('makes a token that is %s', async (_case, name, code) => {
    expect(await verdict(issuer, issuer[name]())).toBe(code)
    expect(decodeJwt(await issuer[name]({ tenant: 't' }))['tenant']).toBe('t')
  })

  test.each<[string, { keepOld?: boolean | undefined } | undefined, string, number]>([
    ['forgets old keys', undefined, 'ERR_TOKEN_KEY_NOT_FOUND', 1],
    ['forgets old keys when told nothing', { keepOld: undefined }, 'ERR_TOKEN_KEY_NOT_FOUND', 1],
    ['keeps old keys when told to', { keepOld: true }, 'success', 2],
  ])('%s when it changes keys', async (_case, given, old, published) => {
    const one = await createTestIssuer({ alg: 'ES256' })
    const before = await one.token()
    await one.rotateKeys(given)
    expect(await verdict(one, before)).toBe(old)
    expect(await verdict(one, one.token())).toBe('success')
    expect(one.jwks.keys).toHaveLength(published)
  })

  test.each(['ES256', 'HS256'])('signs tokens that name no key with %s as well', async (alg) => {
    const one = await createTestIssuer({ alg })
    const unnamed = { header: { kid: undefined } }
    const before = await one.token({}, unnamed)
    expect(await verdict(one, before)).toBe('success')
    await one.rotateKeys()
    expect(await verdict(one, before)).toBe('ERR_TOKEN_KEY_NOT_FOUND')
    expect(await verdict(one, one.token({}, unnamed))).toBe('success')
  })

  test('publishes public keys alone', () => {
    for (const key of issuer.jwks.keys) expect(key).not.toHaveProperty('d')
    expect(issuer.jwks.keys[0]).toMatchObject({ kty: 'EC', alg: 'ES256', use: 'sig' })
  })

  const jwksUri = 'https://login.test/.well-known/jwks.json'
  test.each<[string, RequestInfo | URL, number]>([
    ['the metadata', 'https://login.test/.well-known/openid-configuration', 200],
    ['the keys', new URL(jwksUri), 200],
    ['the keys for a Request', new Request(jwksUri), 200],
    ['nothing elsewhere on its host', 'https://login.test/other', 404],
    ['nothing on other hosts', 'https://another.test/.well-known/jwks.json', 404],
  ])('serves %s without a network', async (_case, address, status) => {
    const response = await issuer.fetch(address)
    expect(response.status).toBe(status)
    const body: unknown = await response.json()
    if (status === 404) expect(body).toEqual({})
    else if ('issuer' in (body as object))
      expect(body).toEqual({ issuer: 'https://login.test', jwks_uri: jwksUri })
    else expect(body).toEqual(issuer.jwks)
  })

  test.each([
    ['a URL', 'https://login.test'],
    ['a URL with a slash at the end', 'https://login.test/'],
    ['a URL with a path', 'https://login.test/tenant'],
    ['a URL without TLS', 'http://login.test'],
    ['no URL', 'login'],
  ])('may have a name that is %s', async (_case, name) => {
    const one = await createTestIssuer({ issuer: name, alg: 'ES256' })
    expect(one.issuer).toBe(name)
    expect(await verdict(one, one.token())).toBe('success')
    expect(await verdict(one, one.wrongIssuer())).toBe('ERR_TOKEN_ISSUER_INVALID')
  })

  const metadataOf = async (url: string) =>
    (await (await fetch(`${url}/.well-known/openid-configuration`)).json()) as {
      issuer: string
      jwks_uri: string
    }

  test('goes by its address while it listens on loopback', async () => {
    const one = await createTestIssuer({ alg: 'ES256' })
    const listening = await one.listen()
    const { url } = listening
    expect(one.issuer).toBe(url)
    expect(decodeJwt(await one.token()).iss).toBe(url)
    expect(await verdict(one, one.token())).toBe('success')
    expect((await metadataOf(url)).issuer).toBe(url)
    expect((await fetch(`${url}/other`)).status).toBe(404)
    await listening.close()
    await expect(fetch(url)).rejects.toThrow()
    expect(one.issuer).toBe('https://issuer.test')
  })

  test('keeps the name it was given while it listens on loopback', async () => {
    const listening = await issuer.listen()
    const metadata = await metadataOf(listening.url)
    expect(metadata.issuer).toBe('https://login.test')
    expect(await (await fetch(metadata.jwks_uri)).json()).toEqual(issuer.jwks)
    expect(issuer.issuer).toBe('https://login.test')
    await listening.close()
  })
})
