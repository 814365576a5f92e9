import type { TokenResponse } from '../browser/token-store-service.js'
import type { SessionSettings } from './settings.js'
import { wait, within } from '../internal/time-limit.js'

/** Seconds that each of the app's own functions gets. */
export const appLimit = 10

// A sign-out answers within 2 s: most issuers have answered by now, and the others are told all the same.
const patience = 1_000

/**
 * Tells the issuer that tokens are no longer needed. A sign-out holds whether or not it listens, and
 * does not wait for it for long. Never rejects.
 */
export async function revokeQuietly(
  { logout }: Pick<SessionSettings, 'logout'>,
  tokens: TokenResponse,
): Promise<void> {
  if (logout === undefined) return
  const told = within(appLimit, (signal) => logout(tokens, signal)).catch(() => undefined)
  await Promise.race([told, wait(patience)])
}
