import { once } from 'node:events'
import express from 'express'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'

test('refuses a stranger and serves a caller', async () => {
  const issuer = await createTestIssuer({ audience: 'api://orders' })
  const app = express()
  app.use(jwtBearer(issuer.options))
  app.get('/', authorize(), (req, res) => res.json({ subject: req.user?.subject }))
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}/`

  const stranger = await fetch(url)
  expect([stranger.status, stranger.headers.get('WWW-Authenticate')]).toEqual([401, 'Bearer'])
  const alice = await fetch(url, {
    headers: await issuer.bearer({ sub: 'alice' }),
  })
  expect([alice.status, await alice.json()]).toEqual([200, { subject: 'alice' }])
  server.close()
  server.closeAllConnections()
})
