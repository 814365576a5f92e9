/**
 * How does an API sign its users in itself: registration, login, refresh, sign-out, roles?
 *
 * npm run example:accounts
 *
 * The server issues short-lived access tokens and rotating refresh tokens, and checks its own tokens
 * like any other API. Users, sessions and keys are in PostgreSQL; see .env.example for the settings.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Express } from 'express'
import { symmetricKey } from 'express-jwt-bearer'
import { createKeyRing, type IssuerEvent } from 'express-jwt-bearer/issuer'
import {
  createPostgresDenyList,
  createPostgresKeyRingStore,
  createPostgresRefreshStore,
} from 'express-jwt-bearer/postgres'
import { createRedisDenyList } from 'express-jwt-bearer/redis'
import { cannotListen } from '../listen.js'
import { openRedis, reasonOf } from '../shared/open-redis.js'
import { giveUp } from '../shared/settings.js'
import { announceUsers } from './announce-users.js'
import { createApp } from './app.js'
import { openDatabase, type Database } from './database.js'
import { demoPasswords } from './demo-passwords.js'
import { createIssuers } from './issuers.js'
import { FolderInUseError } from './lock-folder.js'
import { createPasswords } from './passwords.js'
import { createRateLimits } from './rate-limits.js'
import { readSettings } from './settings.js'
import { createUsers, seedUsers } from './users.js'

const nothing = () => Promise.resolve()
const settings = orGiveUp(() => readSettings())
// The port comes first, so that a second server ends here and never opens the folder of the first.
// Requests that come early wait for the app.
let start!: (app: Express) => void
const started = new Promise<Express>((resolve) => (start = resolve))
const server = createServer((req, res) => {
  void started.then((app) => {
    app(req, res)
  })
})
await once(server.listen(settings.PORT, settings.HOST), 'listening').catch((error: unknown) => {
  cannotListen(settings.PORT, error as NodeJS.ErrnoException)
})
const { port } = server.address() as AddressInfo
const urls = settings.JWT_ISSUER
  ? [settings.JWT_ISSUER]
  : [`http://localhost:${port}`, `http://127.0.0.1:${port}`]

const redis = settings.REDIS_URL === undefined ? undefined : await openRedis(settings.REDIS_URL)
const database = await openDatabase(settings).catch((error: unknown) => {
  giveUp(error instanceof FolderInUseError ? error.message : `No database: ${reasonOf(error)}`)
})
const { denyList, pruneDenyList, closeDenyList } = openDenyList(database)
const store = createPostgresRefreshStore(database)
const users = createUsers(database)
const passwords = await createPasswords()
const app = await build().catch((error: unknown) => {
  giveUp(`The settings are wrong: ${reasonOf(error)}`)
})
const demoUsers = await seedUsers(users, passwords, demoPasswords(settings))
start(app)
console.info(`Accounts listen on http://localhost:${port}`)
console.info(`Verifiers trust the authority ${urls.join(' or ')}`)
announceUsers(`http://localhost:${port}`, demoUsers)

const pruning = setInterval(() => {
  Promise.all([store.prune(settings.JWT_REUSE_INTERVAL), pruneDenyList()]).catch(() => {
    console.error('What is over could not be pruned; it will be later')
  })
}, 3_600_000)
pruning.unref()

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop)

// Requests under way are answered first; those that hang are cut off after five seconds.
function stop(): void {
  if (!server.listening) return
  clearInterval(pruning)
  server.close(() => {
    void Promise.all([closeDenyList(), database.close()])
  })
  server.closeIdleConnections()
  setTimeout(() => {
    server.closeAllConnections()
  }, 5000).unref()
}

function openDenyList(client: Database) {
  if (redis === undefined) {
    const list = createPostgresDenyList(client)
    return { denyList: list, pruneDenyList: () => list.prune(), closeDenyList: nothing }
  }
  const denyList = createRedisDenyList(redis)
  return { denyList, pruneDenyList: nothing, closeDenyList: () => redis.close() }
}

async function build(): Promise<Express> {
  const issuers = createIssuers(urls, {
    audience: settings.JWT_AUDIENCE,
    keys: await openKeys(database),
    store,
    denyList,
    accessTokenLifetime: settings.JWT_ACCESS_TOKEN_LIFETIME,
    idleLifetime: settings.JWT_IDLE_LIFETIME,
    absoluteLifetime: settings.JWT_ABSOLUTE_LIFETIME,
    reuseInterval: settings.JWT_REUSE_INTERVAL,
    onEvent: report,
  })
  return createApp({
    users,
    passwords,
    issuers,
    denyList,
    failClosed: settings.DENY_LIST_FAIL_CLOSED === 'on',
    limits: createRateLimits(settings.RATE_LIMITS === 'on'),
    onEvent: report,
  })
}

async function openKeys(client: Database) {
  if (settings.JWT_SIGNING_KEY !== undefined) return symmetricKey(settings.JWT_SIGNING_KEY)
  const keys = createKeyRing({
    algorithm: settings.JWT_ALGORITHM,
    announce: settings.JWT_KEY_ANNOUNCE,
    sign: settings.JWT_KEY_SIGN,
    retain: settings.JWT_KEY_RETAIN,
    refreshInterval: Math.min(10, settings.JWT_KEY_ANNOUNCE / 2),
    store: createPostgresKeyRingStore(client),
  })
  // A ring that cannot be read ends the start, not the first sign-in.
  await keys.jwks()
  return keys
}

function orGiveUp<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    return giveUp((error as Error).message)
  }
}

function report(event: IssuerEvent): void {
  const { type, tokenId, sessionId, subject } = event
  console.info(JSON.stringify({ event: type, tokenId, sessionId, subject }))
}
