import type { JwtBearerEvents } from '../events.js'
import type { TokenValidationParameters } from '../validation/parameters.js'
import type { IssuerOptions, JwtBearerOptions } from './options.js'

// Typed as maps over the interfaces, so that a new option cannot be forgotten here.
type Names<T> = { readonly [Name in keyof Required<T>]: true }

const ofIssuer: Names<IssuerOptions> = {
  authority: true,
  metadataAddress: true,
  jwksUri: true,
  requireHttpsMetadata: true,
  audience: true,
  tokenValidationParameters: true,
}

const ofMiddleware: Names<JwtBearerOptions> = {
  ...ofIssuer,
  scheme: true,
  issuers: true,
  events: true,
  saveToken: true,
  includeErrorDetails: true,
  realm: true,
  resourceMetadata: true,
  refreshOnIssuerKeyNotFound: true,
  automaticRefreshInterval: true,
  refreshInterval: true,
  lastKnownGoodLifetime: true,
  backchannelTimeout: true,
  fetch: true,
  tokenCache: true,
  maxTokenLength: true,
  clock: true,
  proofOfPossession: true,
  introspection: true,
}

const ofParameters: Names<TokenValidationParameters> = {
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
  validateConfirmation: true,
  nameClaimType: true,
  roleClaimType: true,
  claimsSchema: true,
}

const ofEvents: Names<JwtBearerEvents> = {
  onMessageReceived: true,
  onTokenValidated: true,
  onAuthenticationFailed: true,
  onChallenge: true,
  onForbidden: true,
}

/** The names of the options for one issuer. */
export const issuerOptionNames: readonly string[] = Object.keys(ofIssuer)

/** The names of all options. */
export const optionNames: readonly string[] = Object.keys(ofMiddleware)

/** The members of `tokenValidationParameters`. */
export const parameterNames: readonly string[] = Object.keys(ofParameters)

/** The members of `events`. */
export const eventNames: readonly (keyof JwtBearerEvents)[] = Object.keys(
  ofEvents,
) as (keyof JwtBearerEvents)[]
