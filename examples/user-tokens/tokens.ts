import { EventEmitter } from 'node:events'
import {
  createMemoryUserTokenStore,
  createTokenManager,
  createUserFetch,
  openidClient,
  type TokenEvent,
  type UserTokenStore,
} from 'express-jwt-bearer/tokens'
import { createRedisUserTokenStore } from 'express-jwt-bearer/redis'
import * as oidc from 'openid-client'
import { createClient } from 'redis'
import { setting } from './part.js'

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
  store: await openStore(),
  onEvent: (event) => tokenEvents.emit('event', event),
})

/** Calls the API as the signed-in user. */
export const weather = createUserFetch({ manager: tokens, baseUrl: setting('API') })

async function openStore(): Promise<UserTokenStore> {
  const url = process.env['REDIS_URL']
  if (url === undefined) return createMemoryUserTokenStore()
  const client = createClient({ url, disableOfflineQueue: true })
  // A Redis that is away is reported by whoever needs it, and comes back by itself.
  client.on('error', () => undefined)
  return createRedisUserTokenStore(await client.connect())
}
