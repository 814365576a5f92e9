import { createMemoryReplayCache } from 'express-jwt-bearer/dpop'
import { createRedisReplayCache } from 'express-jwt-bearer/redis'
import { backchannelLogout } from 'express-jwt-bearer/session'
import { setting } from './part.js'
import { providerSessions } from './provider-sessions.js'
import { redis } from './redis.js'
import { tokens } from './tokens.js'

/** Signs out here whoever signs out at the identity provider, in whichever browser tab that was. */
export const providerSignOut = backchannelLogout({
  authority: setting('ISSUER'),
  requireHttpsMetadata: false,
  clientId: 'web',
  replayCache: redis ? createRedisReplayCache(redis) : createMemoryReplayCache(),
  onLogout: async ({ sid = '' }) => {
    const users = await providerSessions.find(sid)
    await Promise.all(users.map((user) => tokens.signOut(user)))
    await providerSessions.remove(sid)
  },
})
