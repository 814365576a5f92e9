import type { JWK } from 'jose'
import { ConfigurationError } from '../core/errors.js'
import {
  checkMethods,
  checkNames,
  readClock,
  readSeconds,
  readText,
} from '../core/option-checks.js'
import type { KeyRingState, KeyRingStore, StoredKey } from './key-ring-store.js'
import type { KeyRing, TokenSigner } from './key-ring.js'
import { createMemoryKeyRingStore } from './memory-key-ring-store.js'
import { generateKey, toSigner, toVerifier } from './signing-keys.js'

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

const day = 86_400
const known = ['algorithm', 'announce', 'sign', 'retain', 'store', 'refreshInterval', 'clock']
const signatureAlgorithm = /^(?:(?:HS|RS|PS|ES)(?:256|384|512)|EdDSA)$/

/**
 * Creates signing keys that are announced, sign, verify and go, in that order. Nothing runs in the
 * background: whoever signs or publishes also moves the ring on.
 *
 * @throws {@link ConfigurationError} when an option is wrong, at once.
 *
 * @example Keys that several processes share
 * ```ts
 * const keys = createKeyRing({ algorithm: 'RS256', store: myKeyRingStore })
 * const issuer = createTokenIssuer({ issuer: 'https://issuer.example', audience: 'api://orders', keys })
 * ```
 */
export function createKeyRing(options: KeyRingOptions = {}): KeyRing {
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
  // The same object for the same key: verifiers import each one once. A `kid` stands for one key.
  const verifiers = new Map<string, JWK>()
  let latest: { readonly kid: string; readonly signer: Promise<TokenSigner> } | undefined
  let seen: { readonly state: KeyRingState; readonly at: number } | undefined
  let reading: Promise<KeyRingState> | undefined

  async function newKey(signsFrom: number): Promise<StoredKey> {
    const key = await generateKey(algorithm)
    const signsUntil = signsFrom + sign
    return { ...key, signsFrom, signsUntil, publishedUntil: signsUntil + retain }
  }

  // The ring with its next key, or the same one when none is due.
  async function moveOn(state: KeyRingState): Promise<KeyRingState> {
    const now = clock()
    const lastUntil = Math.max(...state.keys.map(({ signsUntil }) => signsUntil), now)
    if (lastUntil - now > announce) return state
    const kept = state.keys.filter(({ publishedUntil }) => now < publishedUntil)
    return { version: state.version + 1, keys: [...kept, await newKey(lastUntil)] }
  }

  async function change(
    next: (state: KeyRingState) => Promise<KeyRingState>,
  ): Promise<KeyRingState> {
    for (;;) {
      const state = (await store.load()) ?? { version: 0, keys: [] }
      const changed = await next(state)
      // Somebody else was first: what they saved may make this change needless.
      if (changed !== state && !(await store.save(changed))) continue
      seen = { state: changed, at: clock() }
      return changed
    }
  }

  async function current(maxAge = refreshInterval): Promise<KeyRingState> {
    // What was read in the future was read before the clock jumped back.
    const age = seen === undefined ? Infinity : clock() - seen.at
    if (seen !== undefined && age < maxAge && age > -60_000) return seen.state
    // One read for all who wait for it.
    reading ??= change(moveOn)
      .catch(keepSeen)
      .finally(() => {
        reading = undefined
      })
    return reading
  }

  // Without its store the ring goes on with the keys it knows; they end by their own dates.
  function keepSeen(error: unknown): KeyRingState {
    if (seen === undefined) throw error
    seen = { state: seen.state, at: clock() }
    return seen.state
  }

  async function published(): Promise<readonly StoredKey[]> {
    const { keys } = await current()
    return keys.filter(({ publishedUntil }) => clock() < publishedUntil)
  }

  // The latest of those that may: the last one that was added.
  function signing({ keys }: KeyRingState): StoredKey | undefined {
    const now = clock()
    return [...keys]
      .reverse()
      .find(({ signsFrom, signsUntil }) => signsFrom <= now && now < signsUntil)
  }

  function verifierOf(key: StoredKey): JWK {
    const jwk = verifiers.get(key.kid) ?? toVerifier(key)
    verifiers.set(key.kid, jwk)
    return jwk
  }

  return {
    async signer() {
      // Where keys change faster than the store is read, the ring is brought up to date first.
      const key = signing(await current()) ?? signing(await current(0))
      if (key === undefined) throw new Error('The key ring holds no key that may sign now')
      if (latest?.kid !== key.kid) latest = { kid: key.kid, signer: toSigner(key) }
      return latest.signer
    },

    async jwks() {
      const keys = await published()
      return { keys: keys.filter(({ jwk }) => jwk.kty !== 'oct').map(verifierOf) }
    },

    async verifiers(kid) {
      const matching = async () => (await published()).filter((key) => key.kid === kid)
      const found = await matching()
      if (found.length > 0) return found.map(verifierOf)
      // A key that another process has just brought in; asked for at most once a second.
      await current(Math.min(1000, refreshInterval))
      return (await matching()).map(verifierOf)
    },

    async rotate({ compromised = false } = {}) {
      await change(async (state) => {
        // A ring that is still empty needs a key for the time until the new one signs.
        const { keys } = await moveOn(state)
        const now = clock()
        const signsFrom = compromised ? now : now + announce
        const kept = compromised ? [] : keys.map((key) => endBy(key, signsFrom))
        return { version: state.version + 1, keys: [...kept, await newKey(signsFrom)] }
      })
    },
  }

  function endBy(key: StoredKey, instant: number): StoredKey {
    if (key.signsUntil <= instant) return key
    return { ...key, signsUntil: instant, publishedUntil: instant + retain }
  }
}
