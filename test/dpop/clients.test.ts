import express from 'express'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import { createMemoryReplayCache, dpop, type DpopOptions } from 'express-jwt-bearer/dpop'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApp, keepErrors } from '../support/create-app.js'
import { listenOnLoopback, type Listening } from '../support/loopback.js'
import { secret } from './set-up.js'

const audience = 'https://api.example.com'
const issuer = await createTestIssuer({ alg: 'ES256', audience })
const as: oauth.AuthorizationServer = {
  issuer: issuer.issuer,
  jwks_uri: `${issuer.issuer}/.well-known/jwks.json`,
}

describe('oauth4webapi as a client', () => {
  let api: Listening

  async function start(more: Partial<DpopOptions> = {}) {
    api = await listenOnLoopback((req, res) => {
      app(req, res)
    })
    const replayCache = createMemoryReplayCache()
    const proofOfPossession = dpop({ publicUrl: api.url, replayCache, ...more })
    const app = createApp(express, jwtBearer({ ...issuer.options, proofOfPossession }), authorize())
    keepErrors(app)
  }
  afterAll(() => api.close())

  async function call(keys: CryptoKeyPair, path = '/') {
    const handle = oauth.DPoP({}, keys)
    const token = await issuer.token({ cnf: { jkt: await handle.calculateThumbprint() } })
    const address = new URL(path, api.url)
    const headers = new Headers()
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the API is on loopback
    const options = { DPoP: handle, [oauth.allowInsecureRequests]: true }
    const ask = () => oauth.protectedResourceRequest(token, 'GET', address, headers, null, options)
    const first = await ask().catch((error: unknown) => error)
    if (first instanceof Response) return { status: first.status, challenges: [] }
    const { status, cause } = first as oauth.WWWAuthenticateChallengeError
    const again = oauth.isDPoPNonceError(first) ? (await ask()).status : undefined
    return { status, again, challenges: cause }
  }

  test.each(['ES256', 'EdDSA', 'Ed25519', 'RS256', 'PS256'])(
    'is let in with an %s key',
    async (alg) => {
      await start()
      const keys = await oauth.generateKeyPair(alg, { extractable: true })
      expect((await call(keys, '/?query=1')).status).toBe(200)
      await api.close()
    },
  )

  test('understands that it needs a nonce, and goes on with it', async () => {
    await start({ nonce: { secret } })
    const keys = await oauth.generateKeyPair('ES256', { extractable: true })
    const { status, again, challenges } = await call(keys)
    expect([status, again]).toEqual([401, 200])
    expect(challenges).toMatchObject([{ scheme: 'dpop', parameters: { error: 'use_dpop_nonce' } }])
  })
})

describe('oauth4webapi as an oracle', () => {
  const replayCache = false
  const middleware = jwtBearer({
    ...issuer.options,
    proofOfPossession: dpop({ publicUrl: audience, replayCache, clockSkew: 0, proofLifetime: 300 }),
  })
  let client: Awaited<ReturnType<typeof issuer.dpopClient>>
  beforeAll(async () => {
    client = await issuer.dpopClient()
  })
  const seconds = () => Math.floor(Date.now() / 1000)

  test.each<[name: string, method: string, path: string, claims: object, proof: () => object]>([
    ['a good proof', 'GET', '/p', {}, () => ({})],
    ['a query', 'GET', '/p?a=1', {}, () => ({})],
    ['another method', 'POST', '/p', {}, () => ({ htm: 'GET' })],
    ['another path', 'GET', '/p', {}, () => ({ htu: `${audience}/q` })],
    ['another host', 'GET', '/p', {}, () => ({ htu: 'https://evil.example/p' })],
    ['no htm', 'GET', '/p', {}, () => ({ htm: undefined })],
    ['no htu', 'GET', '/p', {}, () => ({ htu: undefined })],
    ['no jti', 'GET', '/p', {}, () => ({ jti: undefined })],
    ['no iat', 'GET', '/p', {}, () => ({ iat: undefined })],
    ['an iat long ago', 'GET', '/p', {}, () => ({ iat: seconds() - 400 })],
    ['an iat a moment ago', 'GET', '/p', {}, () => ({ iat: seconds() - 30 })],
    ['another token', 'GET', '/p', {}, () => ({ ath: 'x' })],
    ['no ath', 'GET', '/p', {}, () => ({ ath: undefined })],
    ['an unbound token', 'GET', '/p', { cnf: undefined }, () => ({})],
    ['a token that is bound to another key', 'GET', '/p', { cnf: { jkt: 'x' } }, () => ({})],
  ])('agrees about %s', async (_name, method, path, claims, proof) => {
    const given = { client_id: 'c', jti: 'j', iat: seconds(), ...claims }
    const headers = await client.headers(method, audience + path, given, {
      proof: proof() as never,
    })
    const request = new Request(audience + path, { method, headers })
    const ours = (await middleware.authenticate(request.clone())).kind === 'success'
    const theirs = await oauth
      .validateJwtAccessToken(as, request, audience, {
        requireDPoP: true,
        [oauth.customFetch]: issuer.fetch as never,
        [oauth.clockTolerance]: 0,
      })
      .then(
        () => true,
        () => false,
      )
    expect(ours).toBe(theirs)
  })
})
