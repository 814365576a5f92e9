import { equal } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { TokenReplayCache } from '../core/validation/parameters.js'
import { contractCases, type ContractCase, type OpenSubject } from './contract.js'

const newKey = () => randomBytes(32).toString('base64url')
const after = (seconds: number) => new Date(Date.now() + seconds * 1000)

/**
 * Lists what every {@link TokenReplayCache} must do, as cases for any test runner. The clock of the
 * cache must show about the real time when a case starts.
 *
 * @param open - Opens the cache for one case.
 */
export function replayCacheContract(open: OpenSubject<TokenReplayCache>): readonly ContractCase[] {
  return contractCases(open, {
    'adds a key once': async ({ subject: cache }) => {
      const key = newKey()
      equal(await cache.addIfAbsent(key, after(60)), true)
      equal(await cache.addIfAbsent(key, after(60)), false)
      equal(await cache.addIfAbsent(newKey(), after(60)), true)
    },

    'lets one of 64 concurrent callers add a key': async ({ subject: cache }) => {
      const key = newKey()
      const expiresAt = after(60)
      const added = await Promise.all(
        Array.from({ length: 64 }, async () => cache.addIfAbsent(key, expiresAt)),
      )
      equal(added.filter(Boolean).length, 1)
    },

    'remembers a key until it expires': async ({ subject: cache, passTime }) => {
      const [brief, long] = [newKey(), newKey()]
      await cache.addIfAbsent(brief, after(2))
      await cache.addIfAbsent(long, after(60))
      equal(await cache.addIfAbsent(brief, after(2)), false)
      await passTime(3)
      equal(await cache.addIfAbsent(long, after(60)), false)
      equal(await cache.addIfAbsent(brief, after(60)), true)
    },
  })
}
