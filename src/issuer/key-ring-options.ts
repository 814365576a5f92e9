import { ConfigurationError } from '../core/errors.js'
import {
  checkMethods,
  checkNames,
  readClock,
  readSeconds,
  readText,
} from '../core/option-checks.js'
import type { KeyRingStore } from './key-ring-store.js'
import { createMemoryKeyRingStore } from './memory-key-ring-store.js'

/** What {@link createKeyRing} accepts. */
export interface KeyRingOptions {
  /**
   * The algorithm of new keys: one of RS, PS or ES with 256, 384 or 512, `EdDSA`, or HS256, HS384 or
   * HS512 where the only verifiers are the processes that share the ring.
   *
   * @defaultValue `'ES256'`
   */
  algorithm?: string | undefined
  /**
   * How many seconds a key is published before it signs, so that every verifier knows it by then.
   *
   * @defaultValue `1209600` (14 days)
   */
  announce?: number | undefined
  /**
   * For how many seconds a key signs.
   *
   * @defaultValue `7776000` (90 days)
   */
  sign?: number | undefined
  /**
   * For how many seconds a key stays published after it last signed. At least the lifetime of an
   * access token plus the clock skew of its verifiers.
   *
   * @defaultValue `1209600` (14 days)
   */
  retain?: number | undefined
  /**
   * Where the ring is kept. Processes that share a store publish the same keys.
   *
   * @defaultValue {@link createMemoryKeyRingStore}
   */
  store?: KeyRingStore | undefined
  /**
   * After how many seconds the store is read again, that is how long a change made by another process
   * may go unnoticed.
   *
   * @defaultValue `10`
   */
  refreshInterval?: number | undefined
  /**
   * The time in milliseconds since the epoch.
   *
   * @defaultValue `Date.now`
   */
  clock?: (() => number) | undefined
}

/** {@link KeyRingOptions}, complete and checked; durations in milliseconds. */
export interface KeyRingSettings {
  readonly algorithm: string
  readonly announce: number
  readonly sign: number
  readonly retain: number
  readonly refreshInterval: number
  readonly clock: () => number
  readonly store: KeyRingStore
}

const day = 86_400
const known = ['algorithm', 'announce', 'sign', 'retain', 'store', 'refreshInterval', 'clock']
const signatureAlgorithm = /^(?:(?:HS|RS|PS|ES)(?:256|384|512)|EdDSA)$/

/**
 * Reads the options of `createKeyRing()`.
 *
 * @throws {@link ConfigurationError} when one of them is wrong.
 */
export function resolveKeyRing(options: KeyRingOptions): KeyRingSettings {
  checkNames(options, known, 'the options of createKeyRing()')
  const algorithm = readText(options.algorithm, 'algorithm') ?? 'ES256'
  if (!signatureAlgorithm.test(algorithm)) {
    throw new ConfigurationError(
      `"algorithm" must be a JWT signature algorithm, got ${JSON.stringify(algorithm)}`,
    )
  }
  const announce = readSeconds(options.announce, 'announce', 14 * day, 3650 * day) * 1000
  const sign = readSeconds(options.sign, 'sign', 90 * day, 3650 * day) * 1000
  const retain = readSeconds(options.retain, 'retain', 14 * day, 3650 * day) * 1000
  const refreshInterval = readSeconds(options.refreshInterval, 'refreshInterval', 10, 3600) * 1000
  if (sign <= announce) {
    throw new ConfigurationError('"sign" must be longer than "announce", or no key is ever ready')
  }
  const clock = readClock(options.clock)
  const { store = createMemoryKeyRingStore() } = options
  checkMethods(store, 'store', ['load', 'save'])
  return { algorithm, announce, sign, retain, refreshInterval, clock, store }
}
