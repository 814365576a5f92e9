import { jwtBearer } from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import { expect, test, vi } from 'vitest'
import { listenOnLoopback } from '../support/loopback.js'

const issuer = await createTestIssuer({ alg: 'ES256' })

// It is said once per process: this file holds one test.
test('a refused token that nobody looks at is warned of on a server without Express, once and without its query', async () => {
  const emitWarning = vi.spyOn(process, 'emitWarning').mockReturnValue()
  const bearer = jwtBearer(issuer.options)
  const { url, close } = await listenOnLoopback((req, res) => {
    bearer(req, res, () => res.end('open'))
  })
  for (const path of ['/first?secret=hush', '/second']) {
    const headers = { Authorization: `Bearer ${await issuer.expired()}` }
    const answer = await fetch(`${url}${path}`, { headers })
    await expect(answer.text()).resolves.toBe('open')
  }
  await close()
  expect(emitWarning).toHaveBeenCalledOnce()
  expect(emitWarning).toHaveBeenCalledWith(
    'GET /first answered a request whose token was refused, and nothing looked at the result: put authorize() in front of what must not be public',
    { code: 'EXPRESS_JWT_BEARER_UNGUARDED' },
  )
})
