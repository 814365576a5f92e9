// Sends two requests to an app and prints the warnings that came of them: what happens once in a process.
import { createServer } from 'node:http'
import express from 'express'
import { authorize, getAuthentication, jwtBearer } from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import request from 'supertest'

const [name] = process.argv.slice(2)
const warnings: { code: unknown; message: string }[] = []
process.on('warning', (warning) => {
  const { code } = warning as Error & { code?: string }
  if (code?.startsWith('EXPRESS_JWT')) warnings.push({ code, message: warning.message })
})

const issuer = await createTestIssuer({ alg: 'ES256' })
const bearer = jwtBearer(issuer.options)
const app = express().use(bearer)
// A second scheme may know the caller whose token the first one refused.
const second = await createTestIssuer({ alg: 'ES256', issuer: 'https://second.test' })
if (name === 'good-elsewhere') app.use(jwtBearer({ ...second.options, scheme: 'Second' }))
if (name === 'guarded') app.use(authorize())
if (name === 'optional') app.use(authorize({ optional: true }))
app.get('/open', (req, res) => {
  if (name === 'getAuthentication') getAuthentication(req)
  if (name === 'user') {
    try {
      bearer.user(req)
    } catch {
      // Nobody is there, and the handler knows now.
    }
  }
  res.status(name === 'refused' ? 404 : 200).end()
})
// Express knows an error handler by its four parameters.
const forgive: express.ErrorRequestHandler = (_error, _req, res, next) => {
  if (res.headersSent) next()
  else res.status(200).end()
}
app.use(forgive)

const tokens: Record<string, string> = {
  good: await issuer.token(),
  'good-elsewhere': await second.token(),
}
const token = tokens[name ?? ''] ?? 'secret-of-the-caller'
// Without Express, where nobody keeps the address as it came.
const plain = createServer((req, res) => {
  bearer(req, res, () => res.end())
})
for (let count = 0; count < 2; count += 1) {
  const call = request(name === 'plain' ? plain : app).get('/open?token=secret-of-the-caller')
  await (name === 'no-token' ? call : call.set('Authorization', `Bearer ${token}`))
}
setImmediate(() => {
  console.log(JSON.stringify(warnings))
})
