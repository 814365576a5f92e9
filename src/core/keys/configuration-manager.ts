import { publisher } from '../../internal/diagnostics.js'
import { MetadataUnavailableError } from '../errors.js'
import type { MaybePromise } from '../../internal/maybe-promise.js'
import type { Backchannel } from './fetch-document.js'
import { fetchPublishedKeys, type MetadataSource } from './metadata.js'
import { importPublishedKeys } from './published-keys.js'
import type { SigningKey } from './signing-key.js'
import { NoAnswerError, withTimeLimit } from './time-limit.js'
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
}

interface Outage {
  readonly error: MetadataUnavailableError
  readonly since: number
  readonly attempts: number
  readonly nextAttempt: number
  /** Whether the issuer did not even answer: then nobody waits for the next attempt. */
  readonly hung: boolean
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
  const address = shownAddress(source)
  let known: Known | undefined
  let outage: Outage | undefined
  let refreshing: Promise<Trust> | undefined
  let lastForced = -Infinity

  function current(): MaybePromise<Trust> {
    const now = clock()
    if (known !== undefined && now < known.freshUntil) return known.trust
    if (known !== undefined && servesOn(known, now)) {
      const age = (now - known.fetchedAt) / 1000
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
    if (refreshing === undefined && outage === undefined) {
      if (now < lastForced + settings.refreshInterval * 1000) return undefined
      lastForced = now
    }
    return refresh().then((trust) => (trust === seen ? undefined : trust))
  }

  function servesOn({ freshUntil }: Known, now: number): boolean {
    if (outage === undefined) return true
    const since = Math.max(outage.since, freshUntil)
    return now < since + settings.lastKnownGoodLifetime * 1000
  }

  function mayAttempt(now: number): boolean {
    return refreshing !== undefined || outage === undefined || now >= outage.nextAttempt
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
    try {
      known = await fetchKnown()
    } catch (cause) {
      outage = nextOutage(cause)
      const { error } = outage
      refreshFailed(() => ({ address, reason: reasonOf(cause), retryAfter: error.retryAfter }))
      throw error
    }
    outage = undefined
    const { keys } = known.trust
    refreshed(() => ({ address, keyIds: keys.map(({ kid }) => kid) }))
    return known.trust
  }

  async function fetchKnown(): Promise<Known> {
    const published = await withTimeLimit(settings.backchannelTimeout, (signal) =>
      fetchPublishedKeys(source, settings.backchannel, signal),
    )
    const byJwk = importPublishedKeys(published.keys, known?.byJwk)
    const trust: Trust = { issuer: published.issuer, keys: [...byJwk.values(), ...localKeys] }
    const now = clock()
    // Up to 5 % early, so that a fleet of servers does not ask all at once.
    const age = settings.automaticRefreshInterval * 1000 * (1 - 0.05 * Math.random())
    return {
      trust: known !== undefined && sameTrust(known.trust, trust) ? known.trust : trust,
      fetchedAt: now,
      freshUntil: now + age,
      byJwk,
    }
  }

  function nextOutage(cause: unknown): Outage {
    const now = clock()
    const attempts = (outage?.attempts ?? 0) + 1
    const pause = Math.min(2 ** (attempts - 1), 30)
    return {
      error: new MetadataUnavailableError(
        `The keys of ${address} cannot be fetched: ${reasonOf(cause)}`,
        { cause, retryAfter: pause },
      ),
      since: outage?.since ?? now,
      attempts,
      nextAttempt: now + pause * 1000,
      hung: cause instanceof NoAnswerError,
    }
  }

  return {
    current,
    renewed,
    ready: async () => {
      if (known === undefined) await refresh()
    },
  }
}

function unavailable({ error, nextAttempt }: Outage, now: number): MetadataUnavailableError {
  const { message, cause } = error
  return new MetadataUnavailableError(message, { cause, retryAfter: (nextAttempt - now) / 1000 })
}

function shownAddress({ authority, metadataAddress, jwksUri }: MetadataSource): string {
  const { origin, pathname } = new URL((authority ?? metadataAddress ?? jwksUri) as string)
  return `${origin}${pathname}`
}

// Node's fetch says "fetch failed" and keeps the reason, such as ECONNREFUSED, in the cause.
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'fetch threw something that is no error'
  const { code } = (error.cause ?? {}) as { code?: unknown }
  return typeof code === 'string' ? `${error.message} (${code})` : error.message
}
