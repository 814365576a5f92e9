import { isAhead } from '../core/keys/outage.js'
import { LruMap } from '../internal/lru-map.js'
import { CallError } from './call-error.js'

/** Remembers which calls failed, and keeps others from being made in vain. */
export interface Outage {
  /** Gives the reason where no call must be made for a token now. */
  refusal(name: string): CallError | undefined
  /** Starts a call for a token; gives the reason where it must not be made now. */
  begin(name: string): CallError | undefined
  /** Notes that the endpoint answered as it should. */
  succeeded(name: string): void
  /** Notes that a call failed. */
  failed(name: string, error: CallError): void
  /** Notes that a call has ended, one way or another, or was not made after all. */
  end(name: string): void
}

interface Failed {
  readonly error: CallError
  readonly at: number
}

interface Down {
  /** When the first of the failures was that led to it. */
  readonly since: number
  /** When the last probe, or what led to it, failed. */
  failedAt: number
  /** Milliseconds from then to the next probe. */
  pause: number
  /** When a token that has failed already was last tried. */
  retriedAt: number
  /** The token of the probe that is under way. */
  probe: string | undefined
}

const pauseOfToken = 1000
const longestPause = 30_000
const failuresInRow = 3
// Whoever got an answer so shortly ago shows that the endpoint is there: odd tokens alone do not.
const grace = 10_000
const mostFailed = 1000

/**
 * Creates the memory of one scheme. The endpoint counts as down after failures of several tokens in a row, so
 * that no caller can shut the others out with a token that the endpoint stumbles over.
 */
export function createOutage(clock: () => number): Outage {
  const failures = new LruMap<string, Failed>(mostFailed)
  const row = new Set<string>()
  let rowSince = 0
  let answeredAt = -Infinity
  let down: Down | undefined

  function refusal(name: string): CallError | undefined {
    const now = clock()
    const own = failures.get(name)
    if (own !== undefined && !isDue(own.at, pauseOfToken, now)) return own.error
    if (down === undefined) return undefined
    // Another token shall find out whether the endpoint is back: this one may be what it stumbles over. Where no
    // other comes, it is tried now and then, which does not count as a probe.
    const mayCall = isPartOf(down, name)
      ? isDue(down.retriedAt, longestPause, now)
      : down.probe === undefined && isDue(down.failedAt, down.pause, now)
    return mayCall ? undefined : isDown(down, now)
  }

  function begin(name: string): CallError | undefined {
    const refused = refusal(name)
    if (refused === undefined && down !== undefined) {
      if (isPartOf(down, name)) down.retriedAt = clock()
      else down.probe = name
    }
    return refused
  }

  function isPartOf({ since }: Down, name: string): boolean {
    const own = failures.get(name)
    return own !== undefined && own.at >= since
  }

  function failed(name: string, error: CallError): void {
    const now = clock()
    failures.set(name, { error, at: now })
    if (error.concern !== 'endpoint') {
      row.clear()
    } else if (down === undefined) {
      lengthenRow(name, now)
    } else if (down.probe === name) {
      down.pause = Math.min(down.pause * 2, longestPause)
      down.failedAt = now
    }
  }

  function lengthenRow(name: string, now: number): void {
    if (row.size === 0) rowSince = now
    if (row.size < failuresInRow) row.add(name)
    if (row.size < failuresInRow || !isDue(answeredAt, grace, now)) return
    down = { since: rowSince, failedAt: now, pause: 1000, retriedAt: now, probe: undefined }
  }

  return {
    refusal,
    begin,
    failed,
    succeeded(name) {
      failures.delete(name)
      row.clear()
      answeredAt = clock()
      down = undefined
    },
    end(name) {
      if (down?.probe === name) down.probe = undefined
    },
  }
}

function isDue(since: number, pause: number, now: number): boolean {
  return now >= since + pause || isAhead(since, now)
}

function isDown({ failedAt, pause }: Down, now: number): CallError {
  const remaining = Math.min(pause, failedAt + pause - now) / 1000
  return new CallError('endpoint', 'it is down', remaining)
}
