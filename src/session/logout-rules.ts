import { ConfigurationError } from '../core/errors.js'
import { asymmetricAlgorithms } from '../core/keys/algorithms.js'
import { createConfigurationManager } from '../core/keys/configuration-manager.js'
import { readMetadataSource, type SourceOptions } from '../core/keys/source-options.js'
import { readFunction, readText } from '../core/option-checks.js'
import { checkAudience, checkLifetime } from '../core/validation/claims.js'
import { checkIssuer } from '../core/validation/issuer-checks.js'
import type { ValidationSettings } from '../core/validation/settings.js'

// Issuers rotate their keys rarely, and a new one is fetched when a token names it.
const refreshInterval = 43_200

/** Where the options say that an issuer's keys are, whose they are and how they are fetched. */
export interface LogoutSource extends SourceOptions {
  readonly issuer?: string | undefined
  readonly fetch?: typeof globalThis.fetch | undefined
}

/** Whom logout tokens are meant for, and when that is judged. */
export interface LogoutRecipient {
  readonly clientId: string
  readonly clockSkew: number
  readonly clock: () => number
}

/**
 * Prepares the checks that a logout token shares with every other token of its issuer's.
 *
 * @throws {@link ConfigurationError} when nothing says where the keys are, or two options contradict each other.
 */
export function resolveLogoutRules(
  options: LogoutSource,
  { clientId, clockSkew, clock }: LogoutRecipient,
): ValidationSettings {
  const source = readMetadataSource(options)
  const issuer = readText(options.issuer, 'issuer')
  if (source === undefined) {
    throw new ConfigurationError(
      'no key source: set "authority" or "metadataAddress", or "jwksUri" and "issuer", to fetch the issuer\'s keys',
    )
  }
  if ((source.jwksUri === undefined) !== (issuer === undefined)) {
    throw new ConfigurationError(
      '"issuer" and "jwksUri" belong together: a key set does not say whose it is, and metadata does',
    )
  }
  const fetch: typeof globalThis.fetch =
    readFunction(options.fetch, 'fetch') ?? ((...request) => globalThis.fetch(...request))
  const audiences = new Set([clientId])
  const trust = createConfigurationManager(
    {
      source,
      backchannel: { fetch, requireHttps: options.requireHttpsMetadata ?? true },
      refreshOnIssuerKeyNotFound: true,
      automaticRefreshInterval: refreshInterval,
      refreshInterval: 30,
      lastKnownGoodLifetime: 3600,
      backchannelTimeout: 5,
      clock,
    },
    [],
  )
  return {
    trust,
    algorithms: new Set(asymmetricAlgorithms),
    tryAllIssuerSigningKeys: true,
    validateIssuerSigningKey: false,
    clockSkew,
    clock,
    checks: [
      checkLifetime({ requireExpirationTime: true, clockSkew, clock }),
      checkAudience(audiences),
      checkIssuer(new Set(issuer === undefined ? [] : [issuer])),
    ],
    checksOfEveryUse: [],
    acceptsAudience: audiences.has.bind(audiences),
  }
}
