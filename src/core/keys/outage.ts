import { MetadataUnavailableError } from '../errors.js'
import { readRetryAfter } from '../../internal/retry-after.js'
import { withoutSecrets } from '../../internal/shown-address.js'
import { ServerTroubleError } from './fetch-document.js'
import { NoAnswerError } from './time-limit.js'

/** An issuer that cannot be reached, or whose answers cannot be used; instants in milliseconds. */
export interface Outage {
  readonly error: MetadataUnavailableError
  readonly reason: string
  readonly since: number
  readonly failedAt: number
  readonly attempts: number
  /** Seconds from the last failure to the next attempt. */
  readonly pause: number
  /** Whether the issuer did not even answer: then nobody waits for the next attempt. */
  readonly hung: boolean
}

// Time servers move clocks by little; a clock that goes back by more has jumped.
const tolerance = 60_000
const longestPause = 30
// While known keys serve, an issuer may ask for a longer rest than while nobody can be judged.
const longestRest = 300
const longestRestWithoutKeys = 60

/** Tells whether an instant lies so far in the future that the clock must have jumped back since. */
export function isAhead(instant: number, now: number): boolean {
  return instant - now > tolerance
}

/** Creates the budget of one reason to ask the issuer again: once per interval, at once the first time. */
export function createBudget(interval: number): (now: number) => boolean {
  let last = -Infinity
  return (now) => {
    if (now < last + interval * 1000 && !isAhead(last, now)) return false
    last = now
    return true
  }
}

/** Tells whether the next attempt is due. */
export function isOver({ failedAt, pause }: Outage, now: number): boolean {
  return now >= failedAt + pause * 1000 || isAhead(failedAt, now)
}

/** Makes the error for a caller, with the time until the next attempt. */
export function unavailable(outage: Outage, now: number): MetadataUnavailableError {
  const { error, failedAt, pause } = outage
  const retryAfter = Math.min(pause, (failedAt - now) / 1000 + pause)
  return new MetadataUnavailableError(error.message, { cause: error.cause, retryAfter })
}

/** Carries an outage on by one more failed attempt. */
export function nextOutage(
  earlier: Outage | undefined,
  failure: {
    cause: unknown
    address: string
    asked: string
    serves: boolean
    now: number
    /** What was to be fetched. */
    what?: string
  },
): Outage {
  const { cause, address, asked, serves, now, what = 'keys' } = failure
  const attempts = (earlier?.attempts ?? 0) + 1
  const rest = cause instanceof ServerTroubleError ? readRetryAfter(cause.retryAfter, now) : 0
  const pause = Math.max(
    Math.min(2 ** (attempts - 1), longestPause),
    Math.min(rest ?? 0, serves ? longestRest : longestRestWithoutKeys),
  )
  const reason = reasonOf(cause, asked)
  return {
    error: new MetadataUnavailableError(`The ${what} of ${address} cannot be fetched: ${reason}`, {
      cause: withoutAddress(cause),
      retryAfter: pause,
    }),
    reason,
    since: sinceOf(earlier, now),
    failedAt: now,
    attempts,
    pause,
    hung: cause instanceof NoAnswerError,
  }
}

// What a jump of the clock leaves of an outage: the time that had passed up to its last failure.
function sinceOf(earlier: Outage | undefined, now: number): number {
  if (earlier === undefined) return now
  const { since, failedAt } = earlier
  return isAhead(failedAt, now) ? now - (failedAt - since) : since
}

// Node's fetch says "fetch failed" and keeps the reason, such as ECONNREFUSED, in the cause.
function reasonOf(error: unknown, asked: string): string {
  if (!(error instanceof Error)) return `${asked}: fetch threw something that is no error`
  const { code } = (error.cause ?? {}) as { code?: unknown }
  const message = withoutSecrets(error.message)
  const text = typeof code === 'string' ? `${message} (${code})` : message
  return text.includes(asked) ? text : `${asked}: ${text}`
}

// An error of somebody else's fetch may quote the address, and with it what must not be logged.
function withoutAddress(cause: unknown): unknown {
  if (isHarmless(cause)) return cause
  return cause instanceof Error ? new Error(withoutSecrets(cause.message)) : undefined
}

const harmless = new Set([
  'name',
  'code',
  'errno',
  'type',
  'syscall',
  'address',
  'port',
  'retryAfter',
])

function isHarmless(error: unknown): boolean {
  if (!(error instanceof Error)) return error === undefined
  return (
    withoutSecrets(error.message) === error.message &&
    Object.keys(error).every((name) => harmless.has(name)) &&
    isHarmless(error.cause)
  )
}
