import { EventEmitter } from 'node:events'
import {
  createMemoryUserTokenStore,
  createTokenManager,
  createUserFetch,
  openidClient,
  type TokenEvent,
} from 'express-jwt-bearer/tokens'
import { createRedisUserTokenStore } from 'express-jwt-bearer/redis'
import * as oidc from 'openid-client'
import { setting } from './part.js'
import { redis } from './redis.js'

/** What `openid-client` knows about the identity provider. */
export const issuer = await oidc.discovery(
  new URL(setting('ISSUER')),
  'web',
  setting('CLIENT_SECRET'),
  undefined,
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- all parts run on one machine
  { execute: [oidc.allowInsecureRequests] },
)
issuer.timeout = 10

/** What happens to tokens, for the page to show. */
export const tokenEvents = new EventEmitter<{ event: [TokenEvent] }>().setMaxListeners(0)

/** Keeps the users' tokens and renews them. */
export const tokens = createTokenManager({
  client: openidClient(issuer),
  store: redis ? createRedisUserTokenStore(redis) : createMemoryUserTokenStore(),
  onEvent: (event) => tokenEvents.emit('event', event),
})

/** Calls the API as the signed-in user. */
export const weather = createUserFetch({ manager: tokens, baseUrl: setting('API') })
