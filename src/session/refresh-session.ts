import { MetadataUnavailableError } from '../core/errors.js'
import type { SessionSettings } from './settings.js'
import { dataOf, freshData, recordOf, type SessionData } from './session-data.js'
import type { SessionRecord } from './session-store.js'

// The issuer gets 10 s to answer; the claim lasts longer, so that an answer in time finds it untouched.
const timeout = 10_000
const claimLifetime = 15_000
const pollInterval = 50
const retryInterval = 5_000

type Refreshable = Pick<SessionSettings, 'store' | 'refresh' | 'logout' | 'clock' | 'refreshBefore'>

/**
 * Gives a session with a good access token.
 *
 * @param key - Key of the session in the store.
 * @param rejected - An access token that an API has refused: it is replaced however young it is.
 * @returns Nothing when the session is over.
 * @throws {@link MetadataUnavailableError} when the issuer cannot be asked and the old token is over.
 */
export type RefreshSession = (key: string, rejected?: string) => Promise<SessionData | undefined>

/**
 * Prepares the refresh: one for any number of requests, in any number of processes that share a store.
 */
export function prepareRefresh(settings: Refreshable): RefreshSession {
  const { store, refresh, clock } = settings
  const running = new Map<string, Promise<SessionData | undefined>>()

  function isDue({ tokens, renewAt }: SessionData, rejected: string | undefined): boolean {
    if (refresh === undefined || tokens.refreshToken === undefined) return false
    return tokens.accessToken === rejected || (renewAt !== undefined && renewAt <= clock())
  }

  function isUsable({ tokens, tokenEndsAt = Infinity }: SessionData, rejected?: string): boolean {
    return tokens.accessToken !== rejected && tokenEndsAt > clock()
  }

  function usable(data: SessionData, rejected?: string, cause?: unknown): SessionData {
    if (isUsable(data, rejected)) return data
    throw new MetadataUnavailableError('The session cannot be refreshed now', {
      cause,
      retryAfter: retryInterval / 1000,
    })
  }

  async function renew(
    key: string,
    rejected: string | undefined,
  ): Promise<SessionData | undefined> {
    for (let waited = 0; ; waited += pollInterval) {
      // Read again after every wait: most of the time somebody else has done the work.
      const record = await store.get(key)
      if (record === undefined) return undefined
      const data = dataOf(record)
      if (!isDue(data, rejected)) return data
      const { claimedUntil = 0, retryAt = 0 } = data
      if (retryAt > clock() || waited >= claimLifetime) return usable(data, rejected)
      if (claimedUntil > clock()) {
        if (isUsable(data, rejected)) return data
        await wait(pollInterval)
        continue
      }
      const claim = recordOf({ ...data, claimedUntil: clock() + claimLifetime }, record.expiresAt)
      if (await store.replace(key, record.version, claim)) return spend(key, claim, rejected)
    }
  }

  // Whoever holds the claim spends the refresh token, and nobody else does.
  async function spend(
    key: string,
    claim: SessionRecord,
    rejected: string | undefined,
  ): Promise<SessionData | undefined> {
    const data = { ...dataOf(claim), claimedUntil: undefined }
    let answer
    try {
      answer = await refresh?.(data.tokens.refreshToken as string, AbortSignal.timeout(timeout))
    } catch (cause) {
      const later = recordOf({ ...data, retryAt: clock() + retryInterval }, claim.expiresAt)
      await store.replace(key, claim.version, later)
      return usable(data, rejected, cause)
    }
    if (answer === undefined) {
      await store.delete(key, claim.version)
      return current(key)
    }
    // RFC 6749 section 6: without a new refresh token the old one stays good.
    const tokens = { ...answer, refreshToken: answer.refreshToken ?? data.tokens.refreshToken }
    const renewed = freshData(tokens, settings)
    if (await store.replace(key, claim.version, recordOf(renewed, claim.expiresAt))) return renewed
    const winner = await current(key)
    // The user has signed out meanwhile: what came too late must not stay usable.
    if (winner === undefined) await revokeQuietly(settings, renewed.tokens)
    return winner
  }

  async function current(key: string): Promise<SessionData | undefined> {
    const record = await store.get(key)
    return record === undefined ? undefined : dataOf(record)
  }

  return async (key, rejected) => {
    const data = await current(key)
    if (data === undefined || !isDue(data, rejected)) return data
    let work = running.get(key)
    if (work === undefined) {
      work = renew(key, rejected).finally(() => running.delete(key))
      // Those who gave up waiting leave nobody to hear of a failure.
      work.catch(() => undefined)
      running.set(key, work)
    }
    const late = wait(timeout).then(() => usable(data, rejected))
    return Promise.race([work, late])
  }
}

/** Tells the issuer that tokens are no longer needed; a sign-out holds whether or not it listens. */
export async function revokeQuietly(
  { logout }: Pick<SessionSettings, 'logout'>,
  tokens: SessionData['tokens'],
): Promise<void> {
  const limit = 5_000
  try {
    const told = logout?.(tokens, AbortSignal.timeout(limit))
    await Promise.race([told, wait(limit)])
  } catch {
    // The session is over on this side, which is what the user asked for.
  }
}

// Does not keep a process alive that has nothing else to do.
function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref()
  })
}
