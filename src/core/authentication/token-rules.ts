import { ConfigurationError } from '../errors.js'
import {
  createConfigurationManager,
  type ConfigurationManager,
  type ConfigurationSettings,
} from '../keys/configuration-manager.js'
import type { MetadataSource } from '../keys/metadata.js'
import { readMetadataSource } from '../keys/source-options.js'
import type { SigningKey } from '../keys/signing-key.js'
import { readText, readTexts } from '../option-checks.js'
import type { ProofOfPossession } from '../proof-of-possession.js'
import { resolvePrincipal, type PrincipalSettings } from '../principal.js'
import type { IntrospectionSurroundings, TokenIntrospection } from '../token-introspection.js'
import type { TokenValidationParameters } from '../validation/parameters.js'
import { readClockSkew } from '../validation/lifetime-settings.js'
import {
  resolveChecks,
  type ClaimsSurroundings,
  type ValidationSettings,
} from '../validation/settings.js'
import { resolveTrust } from '../validation/trust-settings.js'
import { noTrust, opaqueTokens, type OpaqueTokens } from './opaque-tokens.js'
import type { IssuerOptions } from './options.js'
import { headerLines } from './request-view.js'

/** By which rules the tokens of one issuer are judged. */
export interface TokenRules {
  readonly validation: ValidationSettings
  readonly principal: PrincipalSettings
  /** Keeps the issuer's published keys; nothing where all keys are local. */
  readonly manager: ConfigurationManager | undefined
  /** The way of tokens that their issuer is asked about, where there is one. */
  readonly opaque: OpaqueTokens | undefined
}

/** What the rules of every issuer of a scheme have in common. */
export interface CommonSettings extends Omit<ConfigurationSettings, 'source' | 'backchannel'> {
  readonly scheme: string
  readonly fetch: typeof globalThis.fetch
  readonly proofs: readonly ProofOfPossession[]
  readonly maxTokenLength: number
  readonly introspection: TokenIntrospection | undefined
  /** Finds or makes the keeper of an issuer's keys. */
  readonly managerFor?: (
    settings: ConfigurationSettings,
    localKeys: readonly SigningKey[],
  ) => ConfigurationManager
}

/**
 * Turns the options for one issuer into rules.
 *
 * @throws {@link ConfigurationError} when they could not work or would not be safe.
 */
export function resolveRules(options: IssuerOptions<never>, common: CommonSettings): TokenRules {
  const parameters = options.tokenValidationParameters ?? {}
  const source = readMetadataSource(options)
  let manager: ConfigurationManager | undefined
  const { managerFor = createConfigurationManager } = common
  const { introspection } = common
  const trust =
    introspection?.tokens === 'all'
      ? noTrust(parameters, source?.jwksUri)
      : resolveTrust(
          parameters,
          source &&
            ((localKeys) =>
              (manager = managerFor(configurationOf(source, options, common), localKeys))),
          introspection && '; or introspect every token, with "tokens": "all" of introspection()',
        )
  const around: ClaimsSurroundings = {
    scheme: common.scheme,
    audience: readTexts(options.audience, 'audience'),
    metadata: source !== undefined && source.jwksUri === undefined,
    clock: common.clock,
    confirmation: { proofs: common.proofs, linesOf: headerLines, clock: common.clock },
  }
  const principal = readPrincipal(parameters, common.scheme)
  return {
    validation: {
      ...trust,
      ...resolveChecks(parameters, around),
      clockSkew: readClockSkew(parameters),
      clock: common.clock,
    },
    principal,
    manager,
    opaque:
      introspection &&
      opaqueTokens(introspection.tokens, introspection.forScheme(surroundingsOf(options, common)), {
        checks: resolveChecks(parameters, { ...around, opaque: { authority: options.authority } }),
        principal,
      }),
  }
}

function surroundingsOf(
  options: IssuerOptions<never>,
  common: CommonSettings,
): IntrospectionSurroundings {
  const { authority, metadataAddress } = options
  const {
    validateIssuer,
    issuerValidator,
    validIssuer,
    validIssuers = [],
  } = options.tokenValidationParameters ?? {}
  const isNamed = (authority ?? validIssuer ?? validIssuers[0]) !== undefined
  const { scheme, fetch, clock, maxTokenLength } = common
  const { backchannelTimeout, automaticRefreshInterval } = common
  return {
    scheme,
    fetch,
    clock,
    maxTokenLength,
    backchannelTimeout,
    automaticRefreshInterval,
    authority,
    metadataAddress,
    needsIssuer: validateIssuer !== false && issuerValidator === undefined && !isNamed,
    requireHttps: options.requireHttpsMetadata ?? true,
  }
}

function configurationOf(
  source: MetadataSource,
  options: IssuerOptions<never>,
  common: CommonSettings,
): ConfigurationSettings {
  const { fetch } = common
  return {
    ...common,
    source,
    backchannel: { fetch, requireHttps: options.requireHttpsMetadata ?? true },
  }
}

function readPrincipal(
  { nameClaimType, roleClaimType }: TokenValidationParameters<never>,
  scheme: string,
): PrincipalSettings {
  readText(nameClaimType, 'tokenValidationParameters.nameClaimType')
  if (typeof roleClaimType !== 'function') {
    const types = readTexts(roleClaimType, 'tokenValidationParameters.roleClaimType')
    if (roleClaimType !== undefined && types.length === 0) {
      throw new ConfigurationError(
        '"tokenValidationParameters.roleClaimType" must not be empty; leave it out for the usual names',
      )
    }
  }
  return resolvePrincipal({ scheme, nameClaimType, roleClaimType })
}
