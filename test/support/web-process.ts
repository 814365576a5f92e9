import express from 'express'
import { Redis } from 'ioredis'
import pg from 'pg'
import { authorize, jwtBearer, symmetricKey } from '../../src/index.js'
import { createPostgresSessionStore } from '../../src/postgres/index.js'
import { createRedisSessionStore } from '../../src/redis/index.js'
import { createSession, loginRedirect, type TokenResponse } from '../../src/session/index.js'
import { listenOnLoopback } from './loopback.js'

const [storeUrl = '', apiUrl = '', secret = ''] = process.argv.slice(2)

function openStore() {
  if (storeUrl.startsWith('redis:')) return createRedisSessionStore(new Redis(storeUrl))
  return createPostgresSessionStore(new pg.Pool({ connectionString: storeUrl }))
}

async function ask(path: string, body: unknown): Promise<TokenResponse | undefined> {
  const response = await fetch(apiUrl + path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  return response.ok ? ((await response.json()) as TokenResponse) : undefined
}

const session = createSession({
  login: (credentials) => ask('/create', credentials),
  refresh: (refreshToken) => ask('/refresh', { refreshToken }),
  logout: ({ refreshToken }) => ask('/logout', { refreshToken }),
  store: openStore(),
})

const app = express()
app.use(session.middleware, express.json())
app.use(
  jwtBearer({
    audience: 'api',
    tokenValidationParameters: {
      validIssuer: 'https://issuer.example',
      issuerSigningKey: symmetricKey(secret),
      clockSkew: 0,
    },
    events: { onMessageReceived: session.onMessageReceived, onChallenge: loginRedirect() },
  }),
)
app.use(session.routes)
app.get('/page', authorize(), (req, res) => {
  res.send(req.user?.subject)
})

const { url } = await listenOnLoopback(app)
process.on('disconnect', () => process.exit())
process.send?.(url)
