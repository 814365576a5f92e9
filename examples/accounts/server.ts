/**
 * How does an API sign its users in itself: registration, login, refresh, sign-out, roles?
 *
 * npm run example:accounts
 *
 * The server issues short-lived access tokens and rotating refresh tokens, and checks its own tokens
 * like any other API. Users, sessions and keys are in PostgreSQL; see .env.example for the settings.
 */
import { symmetricKey } from 'express-jwt-bearer'
import {
  createKeyRing,
  createTokenIssuer,
  type DenyList,
  type IssuerEvent,
} from 'express-jwt-bearer/issuer'
import {
  createPostgresDenyList,
  createPostgresKeyRingStore,
  createPostgresRefreshStore,
} from 'express-jwt-bearer/postgres'
import { createRedisDenyList } from 'express-jwt-bearer/redis'
import { createClient } from 'redis'
import { createApp } from './app.js'
import { openDatabase, type Database } from './database.js'
import { createPasswords } from './passwords.js'
import { createRateLimits } from './rate-limits.js'
import { readSettings } from './settings.js'
import { createUsers, seedUsers } from './users.js'

const settings = readSettings()
const database = await openDatabase(settings)
const users = createUsers(database)
const passwords = await createPasswords()
await seedUsers(users, passwords, settings.SEED_PASSWORD)

const { denyList, closeDenyList } = await openDenyList(database)
const issuer = createTokenIssuer({
  issuer: settings.JWT_ISSUER,
  audience: settings.JWT_AUDIENCE,
  keys:
    settings.JWT_SIGNING_KEY === undefined
      ? createKeyRing({
          algorithm: settings.JWT_ALGORITHM,
          announce: settings.JWT_KEY_ANNOUNCE,
          sign: settings.JWT_KEY_SIGN,
          retain: settings.JWT_KEY_RETAIN,
          refreshInterval: Math.min(10, settings.JWT_KEY_ANNOUNCE / 2),
          store: createPostgresKeyRingStore(database),
        })
      : symmetricKey(settings.JWT_SIGNING_KEY),
  store: createPostgresRefreshStore(database),
  denyList,
  accessTokenLifetime: settings.JWT_ACCESS_TOKEN_LIFETIME,
  idleLifetime: settings.JWT_IDLE_LIFETIME,
  absoluteLifetime: settings.JWT_ABSOLUTE_LIFETIME,
  reuseInterval: settings.JWT_REUSE_INTERVAL,
  onEvent: report,
})

const app = createApp({
  users,
  passwords,
  issuer,
  denyList,
  failClosed: settings.DENY_LIST_FAIL_CLOSED === 'on',
  limits: createRateLimits(settings.RATE_LIMITS === 'on'),
  onEvent: report,
})
// A key that cannot sign ends the start, not the first sign-in.
await issuer.jwks()
const server = app.listen(settings.PORT, (error) => {
  if (error) throw error
  console.info(`Accounts listen on ${settings.JWT_ISSUER}`)
})

const pruning = setInterval(() => {
  issuer.prune().catch(() => {
    console.error('Sessions that are over could not be pruned; they will be later')
  })
}, 3_600_000)
pruning.unref()

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)

// Requests under way are answered first; those that hang are cut off after five seconds.
function stop(): void {
  clearInterval(pruning)
  server.close(() => {
    void Promise.all([closeDenyList(), database.close()])
  })
  server.closeIdleConnections()
  setTimeout(() => {
    server.closeAllConnections()
  }, 5000).unref()
}

async function openDenyList(
  client: Database,
): Promise<{ denyList: DenyList; closeDenyList: () => Promise<unknown> }> {
  if (settings.REDIS_URL === undefined) {
    return { denyList: createPostgresDenyList(client), closeDenyList: () => Promise.resolve() }
  }
  // While Redis is away a question fails at once instead of waiting for its return.
  const redis = createClient({ url: settings.REDIS_URL, disableOfflineQueue: true })
  redis.on('error', (error: Error) => {
    console.error(`Redis: ${error.message}`)
  })
  await redis.connect()
  return { denyList: createRedisDenyList(redis), closeDenyList: () => redis.close() }
}

function report(event: IssuerEvent): void {
  const { type, tokenId, sessionId, subject } = event
  console.info(JSON.stringify({ event: type, tokenId, sessionId, subject }))
}
