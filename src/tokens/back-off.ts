import type { TokenRequestError } from './token-client.js'

const longestDelay = 30
const longestRetryAfter = 3600
const mostWaits = 1000
const everybody = ''

/** Remembers who must not ask the issuer again yet. */
export interface BackOff {
  /** Seconds until this session may ask; 0 for now. */
  remaining(session: string): number
  /** Notes a failure and returns the seconds until the next attempt. */
  failed(session: string, error: TokenRequestError): number
  /** Notes that the issuer answered. */
  succeeded(session: string): void
}

/**
 * Creates the memory of failed attempts. An issuer that is away or overloaded is spared by every session;
 * any other failure keeps only its own session waiting, so that one broken session never stops the others.
 */
export function createBackOff(clock: () => number): BackOff {
  const waits = new Map<string, { failures: number; until: number; delay: number }>()

  function secondsLeft(name: string): number {
    const { until = 0, delay = 0 } = waits.get(name) ?? {}
    const left = (until - clock()) / 1000
    // More than there was to wait, by more than time servers move clocks: the clock has jumped back.
    return left > delay + 60 ? 0 : Math.max(0, Math.min(left, delay))
  }

  function forget(): void {
    for (const [name, { until }] of waits) if (until <= clock()) waits.delete(name)
  }

  return {
    remaining: (session) => Math.max(secondsLeft(everybody), secondsLeft(session)),
    failed(session, error) {
      const name = isAboutEverybody(error) ? everybody : session
      const asked = Math.min(error.retryAfter ?? 0, longestRetryAfter)
      const before = secondsLeft(name)
      // Attempts that were under way together are one failure, not many.
      const failures = (waits.get(name)?.failures ?? 0) + (before > 0 ? 0 : 1)
      const delay = Math.max(before, asked, before > 0 ? 0 : delayAfter(failures))
      waits.set(name, { failures, until: clock() + delay * 1000, delay })
      if (waits.size > mostWaits) forget()
      return delay
    },
    succeeded(session) {
      waits.delete(everybody)
      waits.delete(session)
    },
  }
}

function isAboutEverybody({ status, retryAfter }: TokenRequestError): boolean {
  return status === undefined || status === 429 || retryAfter !== undefined
}

// 1, 2, 4 … seconds, less up to a half, so that many processes do not come back in one moment.
function delayAfter(failures: number): number {
  return Math.min(2 ** (failures - 1), longestDelay) * (1 - Math.random() / 2)
}
