import { LruMap } from '../internal/lru-map.js'
import type { TokenRequestError } from './token-client.js'

const longestDelay = 30
const longestRetryAfter = 3600
const mostSessions = 1000
const mostSetBack = 60

/** Remembers who must not ask the issuer again yet. */
export interface BackOff {
  /** Seconds until this session may ask; 0 for now. */
  remaining(session: string): number
  /** Notes a failure and returns the seconds until the next attempt. */
  failed(session: string, error: TokenRequestError): number
  /** Notes that the issuer answered. */
  succeeded(session: string): void
}

interface Wait {
  readonly failures: number
  readonly until: number
  /** How many seconds there were to wait. */
  readonly delay: number
}

/**
 * Creates the memory of failed attempts. An issuer that is away or overloaded is spared by every session;
 * any other failure keeps only its own session waiting, so that one broken session never stops the others.
 */
export function createBackOff(clock: () => number): BackOff {
  const sessions = new LruMap<string, Wait>(mostSessions)
  let everybody: Wait | undefined

  // Never longer than there was to wait; a clock that went back by more than a minute ends the wait.
  function secondsLeft(wait: Wait | undefined): number {
    if (wait === undefined) return 0
    const left = (wait.until - clock()) / 1000
    return left > wait.delay + mostSetBack ? 0 : Math.max(0, Math.min(left, wait.delay))
  }

  function waitAfter(earlier: Wait | undefined, retryAfter: number): Wait {
    const before = secondsLeft(earlier)
    // Attempts that were under way together are one failure, not many.
    const failures = (earlier?.failures ?? 0) + (before > 0 ? 0 : 1)
    const delay = Math.max(before, retryAfter, before > 0 ? 0 : delayAfter(failures))
    return { failures, until: clock() + delay * 1000, delay }
  }

  return {
    remaining: (session) => Math.max(secondsLeft(everybody), secondsLeft(sessions.get(session))),
    failed(session, error) {
      const retryAfter = Math.min(error.retryAfter ?? 0, longestRetryAfter) || 0
      if (isAboutEverybody(error)) {
        everybody = waitAfter(everybody, retryAfter)
        return secondsLeft(everybody)
      }
      const wait = waitAfter(sessions.get(session), retryAfter)
      sessions.set(session, wait)
      return secondsLeft(wait)
    },
    succeeded(session) {
      everybody = undefined
      sessions.delete(session)
    },
  }
}

/** Whether there was no answer at all, or one that says that the issuer as a whole is in trouble. */
export function isAboutEverybody({ status, oauthError }: TokenRequestError): boolean {
  if (status === undefined) return oauthError === undefined
  return status === 429 || status >= 500
}

// 1, 2, 4 … seconds, less up to a half, so that many processes do not come back in one moment.
function delayAfter(failures: number): number {
  return Math.min(2 ** (failures - 1), longestDelay) * (1 - Math.random() / 2)
}
