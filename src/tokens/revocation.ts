import { setTimeout as delay } from 'node:timers/promises'
import { fingerprint } from './fingerprint.js'
import type { TokenClient } from './token-client.js'
import type { TokenEventHandler } from './token-events.js'
import type { UserKey, UserToken } from './user-token.js'

const longestWait = 3

/** Creates the function that tells the issuer that a refresh token is no longer needed: tries, and never fails. */
export function createRevocation(
  client: TokenClient,
  onEvent: TokenEventHandler,
): (user: UserKey, token: UserToken) => Promise<void> {
  return async (user, { refreshToken }) => {
    if (refreshToken === undefined) return
    const timer = new AbortController()
    const attempt = client.revoke(refreshToken).catch(() => {
      onEvent({ kind: 'revocationFailed', user: fingerprint(user) })
    })
    const limit = delay(longestWait * 1000, undefined, { signal: timer.signal, ref: false })
    await Promise.race([attempt, limit.catch(() => undefined)])
    timer.abort()
  }
}
