import { AuthError } from '../errors.js'
import { publisher } from '../../internal/diagnostics.js'
import { andThen, attempt, isPromise, type MaybePromise } from '../../internal/maybe-promise.js'
import { ReplayCacheFullError } from '../../internal/replay-cache-full.js'
import { within } from '../../internal/time-limit.js'
import type { TokenReplayCache } from './parameters.js'

/** Seconds after which a cache that has not answered counts as down. */
const patience = 5

const replayCacheFull = publisher('express-jwt-bearer:replay-cache-full')

/**
 * Asks a cache whether a key is used for the first time. Whatever goes wrong with the cache is thrown as
 * a fault of ours, never as one of the caller's.
 *
 * @returns Whether it is; anything but a plain yes of the cache means no.
 */
export function useOnce(
  cache: TokenReplayCache,
  scheme: string,
  key: string,
  expiresAt: Date,
): MaybePromise<boolean> {
  return attempt(
    () => andThen(inTime(cache.addIfAbsent(key, expiresAt)), (added) => added === true),
    (error) => {
      if (error instanceof ReplayCacheFullError) replayCacheFull(() => ({ scheme }))
      throw error instanceof AuthError
        ? new Error('The replay cache failed', { cause: error })
        : error
    },
  )
}

function inTime(answer: MaybePromise<unknown>): MaybePromise<unknown> {
  return isPromise(answer) ? within(patience, () => answer) : answer
}
