import { publisher } from '../../internal/diagnostics.js'
import type { MaybePromise } from '../../internal/maybe-promise.js'
import { shownAddress } from '../../internal/shown-address.js'
import { UnusableDocumentError, type Backchannel } from './fetch-document.js'
import { fetchPublishedKeys, type MetadataSource } from './metadata.js'
import { createBudget, isAhead, isOver, nextOutage, unavailable, type Outage } from './outage.js'
import { importPublishedKeys, type SkippedKey } from './published-keys.js'
import type { SigningKey } from './signing-key.js'
import { withTimeLimit } from './time-limit.js'
import { sameTrust, type Trust, type TrustSource } from './trust.js'

const refreshed = publisher('express-jwt-bearer:metadata-refreshed')
const refreshFailed = publisher('express-jwt-bearer:metadata-refresh-failed')
const servingStale = publisher('express-jwt-bearer:metadata-stale')

/** How an issuer's metadata and keys are kept; durations in seconds. */
export interface ConfigurationSettings {
  readonly source: MetadataSource
  readonly backchannel: Backchannel
  readonly refreshOnIssuerKeyNotFound: boolean
  readonly automaticRefreshInterval: number
  readonly refreshInterval: number
  readonly lastKnownGoodLifetime: number
  readonly backchannelTimeout: number
  readonly clock: () => number
}

/** Keeps what one issuer publishes. */
export interface ConfigurationManager extends TrustSource {
  /** Fetches if nothing is known yet, whatever happened before. */
  ready(): Promise<void>
}

interface Known {
  readonly trust: Trust
  readonly fetchedAt: number
  readonly freshUntil: number
  /** The keys by their published form, so that a key keeps its identity from one refresh to the next. */
  readonly byJwk: ReadonlyMap<string, SigningKey>
  readonly skipped: readonly SkippedKey[]
}

/**
 * Keeps an issuer's metadata and keys up to date: fetched when first needed, refreshed in the background
 * when old, served on through an outage. There are no timers; requests drive everything.
 */
export function createConfigurationManager(
  settings: ConfigurationSettings,
  localKeys: readonly SigningKey[],
): ConfigurationManager {
  const { clock, source } = settings
  const address = configuredAddress(source)
  let known: Known | undefined
  let outage: Outage | undefined
  let refreshing: Promise<Trust> | undefined
  const forUnknownKeys = createBudget(settings.refreshInterval)
  const forChangedKeys = createBudget(settings.refreshInterval)

  function current(): MaybePromise<Trust> {
    const now = clock()
    if (known !== undefined && now < known.freshUntil && !isAhead(known.fetchedAt, now))
      return known.trust
    if (known !== undefined && servesOn(known, now)) {
      const age = Math.max(0, now - known.fetchedAt) / 1000
      servingStale(() => ({ address, age }))
      refreshInBackground(now)
      return known.trust
    }
    if (outage === undefined || (mayAttempt(now) && !outage.hung)) {
      return refresh().catch(() => withoutIssuer(clock()))
    }
    refreshInBackground(now)
    return withoutIssuer(now)
  }

  function renewed(seen: Trust): MaybePromise<Trust | undefined> {
    const now = clock()
    if (!settings.refreshOnIssuerKeyNotFound) return undefined
    if (known !== undefined && known.trust !== seen) return known.trust
    if (outage !== undefined && (outage.hung || !mayAttempt(now))) {
      refreshInBackground(now)
      throw unavailable(outage, now)
    }
    if (refreshing === undefined && outage === undefined && !forUnknownKeys(now)) return undefined
    return refresh().then((trust) => (trust === seen ? undefined : trust))
  }

  // The key is known, so its token can be judged, whatever becomes of the fetch.
  function rechecked(seen: Trust): MaybePromise<Trust | undefined> {
    const now = clock()
    if (!settings.refreshOnIssuerKeyNotFound) return undefined
    if (known !== undefined && known.trust !== seen) return known.trust
    if (outage !== undefined && !isOver(outage, now)) return undefined
    if (refreshing === undefined && !forChangedKeys(now)) return undefined
    if (outage?.hung === true) {
      refreshInBackground(now)
      return undefined
    }
    return refresh().then(
      (trust) => (trust === seen ? undefined : trust),
      () => undefined,
    )
  }

  function servesOn({ freshUntil, fetchedAt }: Known, now: number): boolean {
    if (outage === undefined) return true
    // After a jump of the clock, freshness ended when the jump was seen, not when it was planned to.
    const since = isAhead(fetchedAt, now) ? outage.since : Math.max(outage.since, freshUntil)
    return now < since + settings.lastKnownGoodLifetime * 1000
  }

  function mayAttempt(now: number): boolean {
    return refreshing !== undefined || outage === undefined || isOver(outage, now)
  }

  // Keys of the options vouch for their tokens even now; anything else cannot be judged.
  function withoutIssuer(now: number): Trust {
    const error = unavailable(outage as Outage, now)
    if (localKeys.length === 0) throw error
    return { keys: localKeys, unavailable: error }
  }

  // What goes wrong is kept as the outage; nobody waits for this attempt.
  function refreshInBackground(now: number): void {
    if (mayAttempt(now)) refresh().catch(() => undefined)
  }

  function refresh(): Promise<Trust> {
    refreshing ??= load().finally(() => {
      refreshing = undefined
    })
    return refreshing
  }

  async function load(): Promise<Trust> {
    // The address that is being asked, for whoever gets no answer.
    let asked = address
    const fetch: typeof globalThis.fetch = (input, init) => {
      asked = shownAddress(input as string)
      return settings.backchannel.fetch(input, init)
    }
    try {
      known = await fetchKnown({ ...settings.backchannel, fetch })
    } catch (cause) {
      const serves = known !== undefined && servesOn(known, clock())
      outage = nextOutage(outage, { cause, address, asked, serves, now: clock() })
      const { error, reason } = outage
      refreshFailed(() => ({ address, reason, retryAfter: error.retryAfter }))
      throw error
    }
    outage = undefined
    const { trust, skipped } = known
    refreshed(() => ({
      address,
      keyIds: trust.keys.map(({ kid }) => kid),
      skippedKeys: skipped,
    }))
    return trust
  }

  async function fetchKnown(backchannel: Backchannel): Promise<Known> {
    const published = await withTimeLimit(settings.backchannelTimeout, (signal) =>
      fetchPublishedKeys(source, backchannel, signal),
    )
    const { byJwk, skipped } = importPublishedKeys(published.keys, known?.byJwk)
    if (byJwk.size === 0) throw new UnusableDocumentError(noKeys(published.address, skipped))
    const trust: Trust = { issuer: published.issuer, keys: [...byJwk.values(), ...localKeys] }
    const now = clock()
    // Up to 5 % early, so that a fleet of servers does not ask all at once.
    const age = settings.automaticRefreshInterval * 1000 * (1 - 0.05 * Math.random())
    return {
      trust: known !== undefined && sameTrust(known.trust, trust) ? known.trust : trust,
      fetchedAt: now,
      freshUntil: now + age,
      byJwk,
      skipped,
    }
  }

  return {
    current,
    renewed,
    rechecked,
    ready: async () => {
      if (known === undefined) await refresh()
    },
  }
}

function noKeys(address: string, skipped: readonly SkippedKey[]): string {
  const reasons = [...new Set(skipped.map(({ reason }) => reason))].slice(0, 3)
  const why = reasons.length === 0 ? 'it is empty' : reasons.join('; ')
  return `${shownAddress(address)} holds no key that can verify a signature: ${why}`
}

function configuredAddress({ authority, metadataAddress, jwksUri }: MetadataSource): string {
  const { origin, pathname } = new URL((authority ?? metadataAddress ?? jwksUri) as string)
  return `${origin}${pathname}`
}
