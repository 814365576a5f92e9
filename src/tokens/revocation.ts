import { within } from '../internal/time-limit.js'
import { fingerprint } from './fingerprint.js'
import type { TokenClient } from './token-client.js'
import type { TokenEventHandler } from './token-events.js'
import type { UserKey, UserToken } from './user-token.js'

const longestWait = 3

/** Creates the function that tells the issuer that a refresh token is no longer needed: tries, and never fails. */
export function createRevocation(
  client: TokenClient,
  timeout: number,
  onEvent: TokenEventHandler,
): (user: UserKey, token: UserToken) => Promise<void> {
  return async (user, { refreshToken }) => {
    if (refreshToken === undefined) return
    const told = within(timeout + 1, () => client.revoke(refreshToken)).catch(() => {
      onEvent({ kind: 'revocationFailed', user: fingerprint(user) })
    })
    await within(longestWait, () => told).catch(() => undefined)
  }
}
