import { checkNames, readClock, readCount } from '../core/option-checks.js'
import type { TokenReplayCache } from '../core/validation/parameters.js'
import { ReplayCacheFullError } from '../internal/replay-cache-full.js'
import { ExpiryQueue } from './expiry-queue.js'

/** What {@link createMemoryReplayCache} accepts. */
export interface MemoryReplayCacheOptions {
  /**
   * How many live entries are kept. Beyond that requests fail with 500: an entry that is forgotten too
   * early would let its proof work again.
   *
   * @defaultValue `250_000`
   */
  maxEntries?: number | undefined
  /**
   * Gives the time in milliseconds since the epoch: the scheme's clock, where that is another one.
   *
   * @defaultValue `Date.now`
   */
  clock?: (() => number) | undefined
}

/**
 * Remembers used proofs and tokens in the memory of this process, until they have expired.
 *
 * @remarks
 * Another process does not know of them: with more than one, use `createRedisReplayCache()` or
 * `createPostgresReplayCache()`.
 *
 * @throws {@link ConfigurationError} when an option is wrong, at once.
 */
export function createMemoryReplayCache(options: MemoryReplayCacheOptions = {}): TokenReplayCache {
  checkNames(options, ['maxEntries', 'clock'], 'the options of createMemoryReplayCache()')
  const maxEntries = readCount(options.maxEntries, 'maxEntries', 250_000)
  const clock = readClock(options.clock)
  const keys = new Set<string>()
  const ends = new ExpiryQueue()

  return {
    addIfAbsent(key, expiresAt) {
      const now = clock()
      for (let over = ends.takeUntil(now); over !== undefined; over = ends.takeUntil(now)) {
        keys.delete(over)
      }
      if (keys.has(key)) return false
      const end = expiresAt.getTime()
      // What is over already needs no memory; written so that what is no instant throws.
      if (end <= now) return true
      if (Number.isNaN(end)) throw new TypeError('"expiresAt" must be a valid Date')
      if (keys.size >= maxEntries) {
        throw new ReplayCacheFullError(
          `The replay cache holds ${maxEntries} live entries; raise "maxEntries", or share a store`,
        )
      }
      keys.add(key)
      ends.add(key, end)
      return true
    },
  }
}
