// How do I ask for a stronger or a fresher sign-in on some routes?
//
//   npm run example step-up
//
// Starts an API, calls it as somebody whose sign-in falls short, and prints what a client is told to do about it.

import express, { type ErrorRequestHandler, type Express } from 'express'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import { createTestIssuer, type TestIssuer } from 'express-jwt-bearer/testing'
import { announce } from '../shared/announce.js'
import { anybody, demoToken, withToken } from '../demo-token.js'
import { listen } from '../listen.js'

export function createApp(issuer: TestIssuer): Express {
  const app = express()
  app.use(demoToken(issuer))
  app.use(jwtBearer(issuer.options))
  app.get('/balance', authorize(), (req, res) => {
    res.json({ for: req.user?.subject })
  })
  app.post(
    '/payments',
    // How people signed in: any of these will do, the first one best of all.
    authorize((policy) => policy.requireScope('pay').requireAcr('gold', 'platinum')),
    (_req, res) => {
      res.json('paid')
    },
  )
  app.delete(
    '/account',
    // When they signed in: five minutes ago at most.
    authorize((policy) => policy.requireRecentAuthentication(300)),
    (_req, res) => {
      res.json('deleted')
    },
  )
  return app.use(answerQuietly)
}

// Refusals have their status and their challenge already; without this, Express would log each.
const answerQuietly: ErrorRequestHandler = (error: { status?: number }, _req, res, next) => {
  if (res.headersSent) next(error)
  else res.sendStatus(error.status ?? 500)
}

const issuer = await createTestIssuer({ audience: 'api://bank' })
const api = await listen(createApp(issuer))
const now = Math.floor(Date.now() / 1000)

for (const [method, path, claims] of [
  ['GET', '/balance', { acr: 'silver', auth_time: now - 3600 }],
  ['POST', '/payments', { acr: 'silver', auth_time: now - 3600 }],
  ['POST', '/payments', { acr: 'silver', auth_time: now - 3600, scope: 'pay' }],
  ['POST', '/payments', { acr: 'platinum', auth_time: now - 3600 }],
  ['POST', '/payments', { acr: 'platinum', auth_time: now - 3600, scope: 'pay' }],
  ['DELETE', '/account', { acr: 'platinum', auth_time: now - 3600 }],
  ['DELETE', '/account', { auth_time: now }],
] as const) {
  const headers = await issuer.bearer({ sub: 'alice', ...claims })
  const answer = await fetch(`${api}${path}`, { method, headers })
  const challenge = answer.headers.get('www-authenticate')
  console.log(`${method} ${path} with ${JSON.stringify(claims)}: ${answer.status}`)
  if (challenge !== null) console.log(`  WWW-Authenticate: ${challenge}`)
}
announce({
  users: anybody,
  tries: [
    ['200: alice sees her balance', `${api}/balance ${withToken(api, { sub: 'alice' })}`],
    [
      '401: her sign-in is too weak for a payment',
      `-X POST ${api}/payments ${withToken(api, { sub: 'alice', scope: 'pay', acr: 'silver' })}`,
    ],
    [
      '200: a stronger one will do',
      `-X POST ${api}/payments ${withToken(api, { sub: 'alice', scope: 'pay', acr: 'gold' })}`,
    ],
  ],
})
