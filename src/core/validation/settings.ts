import { ConfigurationError } from '../errors.js'
import { AudienceInvalidError, IssuerInvalidError } from '../token-errors.js'
import type { TrustSource } from '../keys/trust.js'
import { kindOf, readFlag, readFunction, readList, readText } from '../option-checks.js'
import {
  audiencesOf,
  checkAudience,
  checkSchema,
  checkType,
  checkWith,
  type Check,
} from './claims.js'
import { confirmationChecks, type ConfirmationRules } from './confirmation.js'
import type { KeyRules } from './find-keys.js'
import { checkIssuer, checkIssuerForm, checkVouchingIssuer, whereNamed } from './issuer-checks.js'
import { lifetimeChecks, readClockSkew, replayChecks } from './lifetime-settings.js'
import type { TokenValidationParameters } from './parameters.js'
import type { AudienceRule } from './validated-token.js'

/** The checks of the claims, in the order in which they run. */
export interface ClaimsChecks extends AudienceRule {
  readonly checks: readonly Check[]
  /** Those that a token must also pass when it is known to have passed them before. */
  readonly checksOfEveryUse: readonly Check[]
}

/** Everything a token is checked against, complete and checked itself. */
export interface ValidationSettings extends KeyRules, ClaimsChecks {
  readonly trust: TrustSource
  readonly algorithms: ReadonlySet<string>
}

const prefix = 'tokenValidationParameters'

/** What the checks of the claims need to know from outside the parameters. */
export interface ClaimsSurroundings {
  readonly scheme: string
  readonly audience: readonly string[]
  /** Whether metadata will name an issuer. */
  readonly metadata: boolean
  readonly clock: () => number
  readonly confirmation: ConfirmationRules
  /** Set for opaque tokens, whose issuer has just vouched for them, and need not be named. */
  readonly opaque?: { readonly authority: string | undefined } | undefined
}

/** Lists the checks that a token's claims must pass. */
export function resolveChecks(
  parameters: TokenValidationParameters<never>,
  around: ClaimsSurroundings,
): ClaimsChecks {
  const clockSkew = readClockSkew(parameters)
  const { opaque } = around
  const lifetime = lifetimeChecks(
    opaque === undefined ? parameters : { ...parameters, requireExpirationTime: false },
    clockSkew,
    around.clock,
  )
  const audience = readAudience(parameters, around.audience)
  const claims = [...lifetime, ...audience.checks, ...issuerChecks(parameters, around)]
  const types = opaque === undefined ? [checkType(validTypes(parameters))] : []
  const once = [...types, ...schemaChecks(parameters)]
  const everyUse = [
    ...confirmationChecks(parameters, around.confirmation),
    ...replayChecks(parameters, clockSkew, around.scheme),
  ]
  return {
    checks: [...claims, ...once, ...everyUse],
    // Types never change, and what a schema made of the claims is kept: it can cost more than the signature.
    checksOfEveryUse: [...claims, ...everyUse],
    acceptsAudience: audience.acceptsAudience,
  }
}

function readAudience(
  parameters: TokenValidationParameters<never>,
  shorthand: readonly string[],
): AudienceRule & { readonly checks: readonly Check[] } {
  const validate = readFlag(parameters.validateAudience, `${prefix}.validateAudience`, true)
  const validator = readFunction(parameters.audienceValidator, `${prefix}.audienceValidator`)
  const slashed = `${prefix}.ignoreTrailingSlashWhenValidatingAudience`
  const ignoreSlash = readFlag(parameters.ignoreTrailingSlashWhenValidatingAudience, slashed, true)
  const valid = [
    ...single(parameters.validAudience, `${prefix}.validAudience`),
    ...readList(parameters.validAudiences, `${prefix}.validAudiences`),
    ...shorthand,
  ]
  if (validator !== undefined) {
    const check = checkWith(
      validator,
      ({ payload, securityToken }) => [audiencesOf(payload), securityToken],
      AudienceInvalidError,
    )
    return { checks: [check], acceptsAudience: () => true }
  }
  if (!validate) return { checks: [], acceptsAudience: () => true }
  if (valid.length === 0) {
    throw new ConfigurationError(
      `"audience" is missing, so no token would be meant for this API; set "audience" or "${prefix}.validAudience", or "${prefix}.validateAudience" to false to accept tokens meant for anyone`,
    )
  }
  const accepted = new Set(ignoreSlash ? valid.flatMap(withAndWithoutSlash) : valid)
  return {
    checks: [checkAudience(accepted)],
    acceptsAudience: (audience) => accepted.has(audience),
  }
}

function withAndWithoutSlash(audience: string): readonly string[] {
  const shorter = audience.endsWith('/') && audience.length > 1 ? [audience.slice(0, -1)] : []
  return [audience, `${audience}/`, ...shorter]
}

function issuerChecks(
  parameters: TokenValidationParameters<never>,
  { metadata, opaque }: ClaimsSurroundings,
): readonly Check[] {
  const validate = readFlag(parameters.validateIssuer, `${prefix}.validateIssuer`, true)
  const validator = readFunction(parameters.issuerValidator, `${prefix}.issuerValidator`)
  const valid = [
    ...single(parameters.validIssuer, `${prefix}.validIssuer`),
    ...readList(parameters.validIssuers, `${prefix}.validIssuers`),
  ]
  if (validator !== undefined) {
    const check = checkWith(
      validator,
      ({ payload, securityToken }) => [payload.iss ?? '', securityToken],
      IssuerInvalidError,
    )
    return [checkIssuerForm, opaque === undefined ? check : whereNamed(check)]
  }
  if (!validate) return [checkIssuerForm]
  if (valid.length === 0 && !metadata) {
    throw new ConfigurationError(
      `"${prefix}.validIssuer" is missing, so no token could be accepted; set it to the "iss" of your tokens, or "${prefix}.validateIssuer" to false to accept any issuer whose key you trust`,
    )
  }
  const accepted = new Set(valid)
  if (opaque === undefined) return [checkIssuer(accepted)]
  return [checkIssuerForm, whereNamed(checkVouchingIssuer(accepted, opaque.authority))]
}

function validTypes(parameters: TokenValidationParameters<never>): readonly string[] | undefined {
  const types = readList(parameters.validTypes, `${prefix}.validTypes`)
  if (parameters.validTypes === undefined) return undefined
  if (types.length === 0) {
    throw new ConfigurationError(
      `"${prefix}.validTypes" must not be empty; leave it out to accept access tokens of any type`,
    )
  }
  return types
}

function schemaChecks({ claimsSchema }: TokenValidationParameters<never>): readonly Check[] {
  if (claimsSchema === undefined) return []
  const standard: unknown = (claimsSchema as unknown as Record<string, unknown> | null)?.[
    '~standard'
  ]
  if (typeof (standard as { validate?: unknown } | undefined)?.validate !== 'function') {
    throw new ConfigurationError(
      `"${prefix}.claimsSchema" must be a Standard Schema such as zod, valibot and arktype make, got ${kindOf(claimsSchema)}`,
    )
  }
  return [checkSchema(claimsSchema)]
}

function single(value: unknown, name: string): readonly string[] {
  const text = readText(value, name)
  return text === undefined ? [] : [text]
}
