import { ConfigurationError } from '../errors.js'
import type { JwtBearerEvents } from '../events.js'
import {
  checkNames,
  readCount,
  readFlag,
  readFunction,
  readSeconds,
  readText,
  readTexts,
  show,
} from '../option-checks.js'
import { resolvePrincipal, type PrincipalSettings } from '../principal.js'
import type { TokenValidationParameters } from '../validation/parameters.js'
import { resolveChecks, type ValidationSettings } from '../validation/settings.js'
import { resolveTrust } from '../validation/trust-settings.js'
import type { JwtBearerOptions } from './options.js'

/** One configuration, complete, checked and ready for requests. */
export interface AuthenticationScheme {
  readonly name: string
  /** The options as given, for events to look at. */
  readonly options: JwtBearerOptions<never>
  readonly validation: ValidationSettings
  readonly principal: PrincipalSettings
  readonly events: JwtBearerEvents
  readonly saveToken: boolean
  readonly includeErrorDetails: boolean
  readonly realm: string | undefined
}

type Names<T> = { readonly [Name in keyof Required<T>]: true }

// Typed as maps over the interfaces, so that a new option cannot be forgotten here.
const optionNames: Names<JwtBearerOptions> = {
  scheme: true,
  audience: true,
  tokenValidationParameters: true,
  events: true,
  saveToken: true,
  includeErrorDetails: true,
  realm: true,
  maxTokenLength: true,
  clock: true,
}

const parameterNames: Names<TokenValidationParameters> = {
  validateIssuer: true,
  validIssuer: true,
  validIssuers: true,
  issuerValidator: true,
  validateAudience: true,
  validAudience: true,
  validAudiences: true,
  ignoreTrailingSlashWhenValidatingAudience: true,
  audienceValidator: true,
  validateLifetime: true,
  requireExpirationTime: true,
  clockSkew: true,
  lifetimeValidator: true,
  issuerSigningKey: true,
  issuerSigningKeys: true,
  issuerSigningKeyResolver: true,
  validateIssuerSigningKey: true,
  tryAllIssuerSigningKeys: true,
  validAlgorithms: true,
  validTypes: true,
  tokenReplayCache: true,
  maxTokenAge: true,
  nameClaimType: true,
  roleClaimType: true,
  claimsSchema: true,
}

const eventNames: Names<JwtBearerEvents> = {
  onMessageReceived: true,
  onTokenValidated: true,
  onAuthenticationFailed: true,
  onChallenge: true,
  onForbidden: true,
}

/**
 * Checks the options and does all the work that does not need a request.
 *
 * @throws {@link ConfigurationError} when they could not work or would not be safe.
 */
export function resolveScheme(options: JwtBearerOptions<never>): AuthenticationScheme {
  checkNames(options, Object.keys(optionNames), 'the options of jwtBearer()')
  const parameters = options.tokenValidationParameters ?? {}
  checkNames(parameters, Object.keys(parameterNames), '"tokenValidationParameters"')
  const name = readText(options.scheme, 'scheme') ?? 'Bearer'
  const clock = readFunction(options.clock, 'clock') ?? Date.now
  return Object.freeze({
    name,
    options,
    validation: resolveValidation(options, parameters, name, clock),
    principal: resolvePrincipalOptions(parameters, name),
    events: resolveEvents(options.events ?? {}),
    saveToken: readFlag(options.saveToken, 'saveToken', true),
    includeErrorDetails: readFlag(options.includeErrorDetails, 'includeErrorDetails', true),
    realm: readText(options.realm, 'realm'),
  })
}

function resolveValidation(
  options: JwtBearerOptions<never>,
  parameters: TokenValidationParameters<never>,
  scheme: string,
  clock: () => number,
): ValidationSettings {
  return {
    ...resolveTrust(parameters, undefined),
    checks: resolveChecks(parameters, {
      scheme,
      audience: readTexts(options.audience, 'audience'),
      metadata: false,
      clock,
    }),
    maxTokenLength: readCount(options.maxTokenLength, 'maxTokenLength', 16384),
    clockSkew: readSeconds(parameters.clockSkew, 'tokenValidationParameters.clockSkew', 300),
    clock,
  }
}

function resolvePrincipalOptions(
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

function resolveEvents(events: JwtBearerEvents): JwtBearerEvents {
  checkNames(events, Object.keys(eventNames), '"events"')
  const resolved: Record<string, unknown> = {}
  for (const name of Object.keys(eventNames) as (keyof JwtBearerEvents)[]) {
    const handler = events[name]
    if (handler === undefined) continue
    if (typeof handler !== 'function') {
      throw new ConfigurationError(`"events.${name}" must be a function, got ${show(handler)}`)
    }
    resolved[name] = handler.bind(events)
  }
  return resolved
}
