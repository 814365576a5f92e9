import express from 'express'
import { jwtBearer } from 'express-jwt-bearer'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { keepErrors } from '../../support/create-app.js'
import { issuer, options } from '../../support/guide-app.js'
import { runSnippet } from '../../support/run-snippet.js'
import { useSnippets } from '../../support/use-snippets.js'

describe('the snippets of examples/step-up/README.md', () => {
  const take = useSnippets('examples/step-up/README.md')

  function appWith() {
    const app = express()
    const done = () => {
      app.use((_req, res) => {
        res.json('done')
      })
      keepErrors(app)
    }
    async function send(method: 'post' | 'delete', path: string, claims: object) {
      const call = request(app)
      const answer = await call[method](path).set(await issuer.bearer({ ...claims }))
      const { 'www-authenticate': challenge } = answer.headers as Record<string, string>
      return [answer.status, challenge]
    }
    return { app, done, send }
  }

  test('ask for another sign-in where it falls short', async () => {
    const { app, done, send } = appWith()
    app.use(jwtBearer(options))
    await runSnippet(take('Ask for it'), { app })
    done()
    expect(await send('post', '/payments', { scope: 'pay', acr: 'platinum' })).toEqual([
      200,
      undefined,
    ])
    expect(await send('post', '/payments', { scope: 'pay', acr: 'silver' })).toEqual([
      401,
      'Bearer error="insufficient_user_authentication", error_description="A different authentication level is required", scope="pay", acr_values="gold platinum"',
    ])
    const now = Math.floor(Date.now() / 1000)
    expect((await send('delete', '/account', { auth_time: now - 290 }))[0]).toBe(200)
    expect(await send('delete', '/account', { auth_time: now - 310 })).toEqual([
      401,
      'Bearer error="insufficient_user_authentication", error_description="More recent authentication is required", max_age="300"',
    ])
  })

  test('write the challenge that clients of Entra ID follow', async () => {
    const { app, done, send } = appWith()
    await runSnippet(take('Entra ID: claims challenges'), { app, options })
    done()
    expect(await send('post', '/transfers', { acrs: ['c1', 'c2'] })).toEqual([200, undefined])
    for (const acrs of [undefined, ['c2'], 'c10']) {
      const [status, challenge = ''] = await send('post', '/transfers', { acrs })
      const [, claims = ''] = /^Bearer error="insufficient_claims", claims="([^"]+)"$/.exec(
        String(challenge),
      ) as RegExpExecArray
      expect(status).toBe(401)
      expect(JSON.parse(Buffer.from(claims, 'base64').toString())).toEqual({
        access_token: { acrs: { essential: true, value: 'c1' } },
      })
    }
    const expired = await request(app)
      .post('/transfers')
      .auth(await issuer.expired(), { type: 'bearer' })
    expect((expired.headers as Record<string, string>)['www-authenticate']).toContain(
      'error="invalid_token"',
    )
  })
})
