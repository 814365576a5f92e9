import type { UserKey } from 'express-jwt-bearer/tokens'
import { redis } from './redis.js'

/** Who signed in here during which session at the identity provider. */
export interface ProviderSessions {
  /** Notes a sign-in under the `sid` of its ID token. */
  add(sid: string, user: UserKey): Promise<unknown>
  /** Everybody who signed in under it. */
  find(sid: string): Promise<readonly UserKey[]>
  remove(sid: string): Promise<unknown>
}

// As long as sessions live at the provider.
const day = 86_400

/** Kept where the tokens are kept. */
export const providerSessions: ProviderSessions = redis ? keepInRedis(redis) : keepInMemory()

function keepInRedis(client: NonNullable<typeof redis>): ProviderSessions {
  const keyOf = (sid: string) => `provider-session:${sid}`
  return {
    add: (sid, user) =>
      client.multi().sAdd(keyOf(sid), JSON.stringify(user)).expire(keyOf(sid), day).exec(),
    async find(sid) {
      const users = await client.sMembers(keyOf(sid))
      return users.map((user) => JSON.parse(user) as UserKey)
    },
    remove: (sid) => client.del(keyOf(sid)),
  }
}

function keepInMemory(): ProviderSessions {
  const users = new Map<string, UserKey[]>()
  return {
    add(sid, user) {
      users.set(sid, [...(users.get(sid) ?? []), user])
      setTimeout(() => users.delete(sid), day * 1000).unref()
      return Promise.resolve()
    },
    find: (sid) => Promise.resolve(users.get(sid) ?? []),
    remove: (sid) => Promise.resolve(users.delete(sid)),
  }
}
