import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import request from 'supertest'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import { createMemoryReplayCache, dpop } from 'express-jwt-bearer/dpop'
import { introspection } from 'express-jwt-bearer/introspection'
import { frameworks } from '../support/create-app.js'
import { client, createApi, startEndpoint, audience, type Endpoint } from './fixture.js'

const unproved =
  'Bearer error="invalid_token", error_description="The token is bound and must be used with its proof"'

let endpoint: Endpoint
beforeAll(async () => {
  endpoint = await startEndpoint()
})
beforeEach(() => {
  endpoint.reset()
})
afterAll(() => endpoint.stop())

describe.each(frameworks)('a bound opaque token under $framework', ({ express }) => {
  test.each<[string, unknown, number]>([
    ['a key', { jkt: 'x' }, 401],
    ['a certificate', { 'x5t#S256': 'x' }, 401],
    ['something that binds nothing here', { jku: 'x' }, 200],
  ])('is refused without its proof, remembered or not: bound to %s', async (_case, cnf, status) => {
    endpoint.I({ active: true, aud: audience, cnf })
    const { send } = createApi(express, endpoint)
    for (const response of [await send(), await send()]) {
      expect(response.status).toBe(status)
      if (status === 401) expect(response.headers['www-authenticate']).toBe(unproved)
    }
    expect(endpoint.calls).toHaveLength(1)
  })

  test.each<[string, unknown]>([
    ['null', null],
    ['an array', []],
    ['a thumbprint that is no text', { jkt: 5 }],
  ])('is refused when nobody can tell what binds it: %s', async (_case, cnf) => {
    endpoint.I({ active: true, aud: audience, cnf })
    const { send, errors } = createApi(express, endpoint)
    expect((await send()).status).toBe(401)
    expect(errors[0]?.code).toBe('ERR_TOKEN_CONFIRMATION_INVALID')
  })

  // RFC 9449 section 7.1, with the key of section 6.
  const token = 'Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU'
  const proof = [
    'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0Rs',
    'cEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2',
    'In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm9',
    '0ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVF',
    'FbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA',
  ].join('')
  const jkt = '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I'

  function createResource(at: number) {
    const app = express()
    app.use(
      jwtBearer({
        ...endpoint.issuer.options,
        clock: () => at,
        introspection: introspection(client),
        proofOfPossession: dpop({
          publicUrl: 'https://resource.example.org',
          replayCache: createMemoryReplayCache({ clock: () => at }),
        }),
      }),
    )
    app.get('/protectedresource', authorize(), (_req, res) => {
      res.end()
    })
    return (credentials = `DPoP ${token}`) =>
      request(app).get('/protectedresource').set({ Authorization: credentials, DPoP: proof })
  }

  test('works for its owner, as in the example of RFC 9449 section 7.1', async () => {
    endpoint.I({ active: true, aud: audience, cnf: { jkt } })
    const send = createResource(1_562_262_618_000)
    expect((await send()).status).toBe(200)
    const again = await send()
    expect([again.status, again.headers['www-authenticate']]).toEqual([
      401,
      expect.stringContaining('error="invalid_dpop_proof"') as string,
    ])
    expect((await send(`Bearer ${token}`)).status).toBe(401)
  })

  test.each<[string, number, object]>([
    ['its proof is 91 s old', 91, { jkt }],
    ['it is bound to another key', 0, { jkt: jkt.replace('0', '1') }],
  ])('does not work when %s', async (_case, age, cnf) => {
    endpoint.I({ active: true, aud: audience, cnf })
    expect((await createResource(1_562_262_618_000 + age * 1000)()).status).toBe(401)
  })
})

// Guards go by the time of the day.
const today = Math.floor(Date.now() / 1000)

describe.each(frameworks)('a step-up by an opaque token under $framework', ({ express }) => {
  test.each<[string, object, number]>([
    ['a strong and fresh sign-in', { acr: 'gold', auth_time: today - 60 }, 200],
    ['a weak one', { acr: 'silver', auth_time: today - 60 }, 401],
    ['one that does not say how strong', { auth_time: today - 60 }, 401],
    ['an old one', { acr: 'gold', auth_time: today - 3600 }, 401],
  ])('goes by what the issuer says of the sign-in: %s', async (_case, claims, status) => {
    endpoint.I({ active: true, aud: audience, sub: 'alice', ...claims })
    const { app, send } = createApi(express, endpoint)
    const guard = authorize((policy) => policy.requireAcr('gold').requireRecentAuthentication(900))
    app.get('/strict', guard, (_req, res) => {
      res.end()
    })
    const response = await send('o-1', '/strict')
    expect(response.status).toBe(status)
    if (status === 401) {
      expect(response.headers['www-authenticate']).toMatch(
        /^Bearer error="insufficient_user_authentication"/,
      )
    }
  })
})
