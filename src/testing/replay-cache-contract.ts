import { equal } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { TokenReplayCache } from '../core/validation/parameters.js'
import {
  contractCases,
  type ContractCase,
  type ContractSubject,
  type OpenSubject,
} from './contract.js'

/** A replay cache on the bench; with `others`, views of the same memory as other processes have them. */
export interface ReplayCacheSubject extends ContractSubject<TokenReplayCache> {
  /** More caches over the same store, each with a connection of its own where it can. */
  readonly others?: readonly TokenReplayCache[] | undefined
}

const newKey = () => randomBytes(32).toString('base64url')
const after = (seconds: number) => new Date(Date.now() + seconds * 1000)

/**
 * Lists what every {@link TokenReplayCache} must do, as cases for any test runner. The clock of the
 * cache must show about the real time when a case starts.
 *
 * @param open - Opens the cache for one case; for a cache that several processes share, with `others`.
 */
export function replayCacheContract(
  open: () => ReplayCacheSubject | Promise<ReplayCacheSubject>,
): readonly ContractCase[] {
  const cases = contractCases(open as OpenSubject<TokenReplayCache>, {
    'adds a key once': async ({ subject: cache }) => {
      const key = newKey()
      equal(await cache.addIfAbsent(key, after(60)), true)
      equal(await cache.addIfAbsent(key, after(60)), false)
      equal(await cache.addIfAbsent(newKey(), after(60)), true)
    },

    'lets one of 64 concurrent callers add a key': async (opened) => {
      const { subject, others = [] } = opened as ReplayCacheSubject
      const caches = [subject, ...others]
      const expiresAt = after(60)
      for (let round = 0; round < 5; round += 1) {
        const key = newKey()
        const added = await Promise.all(
          Array.from({ length: 64 }, async (_, index) =>
            (caches[index % caches.length] as TokenReplayCache).addIfAbsent(key, expiresAt),
          ),
        )
        equal(added.filter((answer) => answer === true).length, 1)
        equal(added.filter((answer) => answer === false).length, 63)
      }
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

    'keeps the end that a key was added with': async ({ subject: cache, passTime }) => {
      const [brief, long] = [newKey(), newKey()]
      await cache.addIfAbsent(brief, after(2))
      await cache.addIfAbsent(long, after(60))
      // Whoever is told no has changed nothing.
      equal(await cache.addIfAbsent(brief, after(3600)), false)
      equal(await cache.addIfAbsent(long, after(1)), false)
      await passTime(3)
      equal(await cache.addIfAbsent(long, after(60)), false)
      equal(await cache.addIfAbsent(brief, after(60)), true)
    },

    'lets one of 32 concurrent callers add a key that has expired': async (opened) => {
      const { subject, others = [], passTime } = opened as ReplayCacheSubject
      const caches = [subject, ...others]
      const key = newKey()
      await subject.addIfAbsent(key, after(1))
      await passTime(2)
      const added = await Promise.all(
        Array.from({ length: 32 }, async (_, index) =>
          (caches[index % caches.length] as TokenReplayCache).addIfAbsent(key, after(60)),
        ),
      )
      equal(added.filter((answer) => answer === true).length, 1)
    },

    'tells keys apart by each character': async ({ subject: cache }) => {
      const key = newKey()
      equal(await cache.addIfAbsent(`${key}a`, after(60)), true)
      equal(await cache.addIfAbsent(`${key}A`, after(60)), true)
      equal(await cache.addIfAbsent(`${key}a`, after(60)), false)
      equal(await cache.addIfAbsent(key, after(60)), true)
    },
  })
  return cases
}
