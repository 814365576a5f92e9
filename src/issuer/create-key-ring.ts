import type { JWK } from 'jose'
import { resolveKeyRing, type KeyRingOptions } from './key-ring-options.js'
import type { KeyRingState, StoredKey } from './key-ring-store.js'
import type { KeyRing, TokenSigner } from './key-ring.js'
import { generateKey, toSigner, toVerifier } from './signing-keys.js'

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
  const { algorithm, announce, sign, retain, refreshInterval, clock, store } =
    resolveKeyRing(options)
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
