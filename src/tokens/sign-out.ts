import { untilItWorks } from '../internal/time-limit.js'
import { fingerprint } from './fingerprint.js'
import type { RefreshSettings } from './refresh.js'
import { checkUserKey, type UserKey, type UserToken } from './user-token.js'

// A refresh may write once between a read and the clearing; more than that is somebody else's doing.
const looks = 3

/** Creates the function that forgets the tokens of a session and tells the issuer. */
export function createSignOut({
  store,
  revoke,
  onEvent,
}: RefreshSettings): (user: UserKey) => Promise<{ idToken: string | undefined }> {
  async function clear(user: UserKey, seen: UserToken[]): Promise<void> {
    for (let look = 0; look < looks; look += 1) {
      const stored = await store.read(user)
      // What is there and cannot be read is cleared, too.
      if (stored === undefined) break
      seen.push(stored.token)
      // By its version, so that whatever a refresh has written meanwhile is seen as well.
      if (await store.clear(user, stored.version)) return
    }
    await store.clear(user)
  }

  // Several of them when a refresh wrote in between; without rotation they are one and the same.
  async function revokeAll(user: UserKey, tokens: readonly UserToken[]): Promise<void> {
    const byRefreshToken = new Map(tokens.map((token) => [token.refreshToken, token]))
    await Promise.all([...byRefreshToken.values()].map((token) => revoke(user, token)))
  }

  return async (user) => {
    checkUserKey(user)
    const seen: UserToken[] = []
    try {
      await clear(user, seen)
    } catch (error) {
      // Only the answer may be lost: then nobody will find these tokens again to revoke them.
      const revokeIfGone = async () => {
        if ((await store.read(user)) === undefined) await revokeAll(user, seen)
      }
      if (seen.length > 0) untilItWorks(revokeIfGone, 100)
      throw error
    }
    const last = seen.at(-1)
    if (last === undefined) return { idToken: undefined }
    onEvent({ kind: 'sessionEnded', user: fingerprint(user), reason: 'signedOut' })
    await revokeAll(user, seen)
    return { idToken: last.idToken }
  }
}
