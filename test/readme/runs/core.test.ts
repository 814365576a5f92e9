import express from 'express'
import { generateKeyPair, SignJWT } from 'jose'
import diagnostics, { type ChannelListener } from 'node:diagnostics_channel'
import request from 'supertest'
import { describe, expect, test, vi } from 'vitest'
import { issuer, mount, options, orders, protect, trusted } from '../../support/guide-app.js'
import { runSnippet } from '../../support/run-snippet.js'
import { useSnippets } from '../../support/use-snippets.js'

describe('the snippets of examples/options.md', () => {
  const take = useSnippets('examples/options.md')

  test('ask a store of keys', async () => {
    const app = express()
    const { publicKey, privateKey } = await generateKeyPair('ES256')
    const findKey = (kid: string) => Promise.resolve(kid === 'known' ? publicKey : undefined)
    await runSnippet(take('Keys'), { app, findKey })
    const status = protect(app)
    const sign = (kid: string) =>
      new SignJWT()
        .setProtectedHeader({ alg: 'ES256', kid })
        .setIssuer(trusted.issuer)
        .setAudience(trusted.audience)
        .setExpirationTime('1m')
        .sign(privateKey)
    expect([await status(await sign('known')), await status(await sign('other'))]).toEqual([
      200, 401,
    ])
  })
})

describe('the snippets of examples/events.md', () => {
  const take = useSnippets('examples/events.md')

  test('read a token from a cookie and send the others to the login page', async () => {
    const app = express()
    await runSnippet(take('A token from a cookie'), { app, options })
    const cookie = `auth=${await issuer.token({ name: 'Alice' })}`
    await request(app).get('/account').set('Cookie', cookie).expect(200, { name: 'Alice' })
    await request(app)
      .get('/account?tab=1')
      .expect(302)
      .expect('Location', '/login?ReturnUrl=%2Faccount%3Ftab%3D1')
  })

  test('log the reason for a refusal, and nothing of the token', async () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    const app = express()
    await runSnippet(take('Log the reason for a refusal'), { app, options })
    protect(app)
    const token = await issuer.wrongAudience({ sub: 'a-private-name' })
    await request(app).get('/orders').auth(token, { type: 'bearer' }).expect(401)
    expect(warn.mock.calls).toEqual([
      [
        'authentication failed',
        { code: 'ERR_TOKEN_AUDIENCE_INVALID', method: 'GET', path: '/orders' },
      ],
    ])
  })
})

describe('the snippets of examples/diagnostics.md', () => {
  const take = useSnippets('examples/diagnostics.md')

  test('listen on a diagnostics channel', async () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    const listeners: [string, ChannelListener][] = []
    const subscribe = (name: string, listener: ChannelListener) => {
      listeners.push([name, listener])
      diagnostics.subscribe(name, listener)
    }
    await runSnippet(take('Channels'), {}, { 'node:diagnostics_channel': { subscribe } })
    const app = express()
    mount(app)
    await protect(app)(await issuer.expired())
    for (const [name, listener] of listeners) diagnostics.unsubscribe(name, listener)
    expect(warn.mock.calls).toEqual([[{ scheme: 'Bearer', code: 'ERR_TOKEN_EXPIRED' }]])
  })
})

describe('the snippets of examples/callers.md', () => {
  const take = useSnippets('examples/callers.md')

  test('type and check the claims with a schema', async () => {
    const app = express()
    await runSnippet(take('Typed claims'), { app, options })
    const good = await request(app)
      .get('/me')
      .set(await issuer.bearer({ tenant: 'north' }))
    expect(good.status).toBe(200)
    expect(good.body).toEqual({ tenant: 'north', expiresAt: expect.any(String) as string })
    await request(app)
      .get('/me')
      .set(await issuer.bearer({ tenant: 1 }))
      .expect(401)
  })
})

describe('the snippets of examples/policies.md', () => {
  const take = useSnippets('examples/policies.md')

  test('judge a caller by the order that is asked for', async () => {
    const app = express()
    mount(app)
    await runSnippet(take('Decisions about a thing'), { app, findOrder: () => orders[0] })
    const get = async (sub: string) =>
      request(app)
        .get('/orders/1')
        .set(await issuer.bearer({ sub }))
    expect(await get('alice')).toMatchObject({ status: 200, body: orders[0] })
    expect(await get('bob')).toMatchObject({ status: 404, body: {} })
  })
})

describe('the snippets of examples/answers.md', () => {
  const take = useSnippets('examples/answers.md')

  test('answer errors as text, silent about faults of the server', async () => {
    const log = vi.spyOn(console, 'error').mockReturnValue()
    const app = express()
    app.get('/fault', () => {
      throw new Error('a detail')
    })
    mount(app)
    protect(app)
    await runSnippet(take('The body'), { app })
    await request(app).get('/').expect(401, 'Unauthorized').expect('WWW-Authenticate', 'Bearer')
    await request(app).get('/fault').expect(500, 'Something went wrong here')
    expect(log).toHaveBeenCalledOnce()
  })

  test('ask for a stronger and fresher sign-in', async () => {
    const app = express()
    mount(app)
    await runSnippet(take('Step-up'), { app })
    const pay = async (claims: object) =>
      request(app)
        .post('/payments')
        .set(await issuer.bearer({ ...claims }))
    const now = Math.floor(Date.now() / 1000)
    const weak = await pay({ auth_time: now })
    expect(weak.status).toBe(401)
    expect(weak.headers['www-authenticate']).toContain('acr_values="gold"')
    expect((await pay({ acr: 'gold', auth_time: now - 600 })).status).toBe(401)
    expect((await pay({ acr: 'gold', auth_time: now })).status).toBe(201)
  })

  test('answer a preflight before the guards', async () => {
    const app = express()
    await runSnippet(take('Preflights'), { app, options, orders })
    await request(app).options('/orders').expect(204)
    await request(app).get('/orders').expect(401)
    await request(app)
      .get('/orders')
      .set(await issuer.bearer())
      .expect(200, orders)
  })
})
