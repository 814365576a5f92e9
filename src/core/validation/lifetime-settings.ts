import { ConfigurationError } from '../errors.js'
import { LifetimeInvalidError } from '../token-errors.js'
import { checkMethods, readFlag, readFunction, readSeconds } from '../option-checks.js'
import { checkAge, checkLifetime, checkReplay, checkWith, type Check } from './claims.js'
import type { TokenValidationParameters } from './parameters.js'

const prefix = 'tokenValidationParameters'

/** Reads how far clocks may differ; beyond an hour it is no skew but a hole. */
export function readClockSkew({ clockSkew }: TokenValidationParameters<never>): number {
  return readSeconds(clockSkew, `${prefix}.clockSkew`, 300, 3600)
}

/** Lists the checks of a token's age. */
export function lifetimeChecks(
  parameters: TokenValidationParameters<never>,
  clockSkew: number,
  clock: () => number,
): readonly Check[] {
  const required = readFlag(
    parameters.requireExpirationTime,
    `${prefix}.requireExpirationTime`,
    true,
  )
  const validate = readFlag(parameters.validateLifetime, `${prefix}.validateLifetime`, true)
  const validator = readFunction(parameters.lifetimeValidator, `${prefix}.lifetimeValidator`)
  const checks: Check[] = []
  if (validator !== undefined) {
    checks.push(
      checkWith(
        validator,
        ({ payload, securityToken }) => [payload.nbf, payload.exp, securityToken],
        LifetimeInvalidError,
      ),
    )
  } else if (validate) {
    checks.push(checkLifetime({ requireExpirationTime: required, clockSkew, clock }))
  }
  if (parameters.maxTokenAge !== undefined) {
    const maxTokenAge = readSeconds(
      parameters.maxTokenAge,
      `${prefix}.maxTokenAge`,
      0,
      400 * 86_400,
    )
    checks.push(checkAge({ maxTokenAge, clockSkew, clock }))
  }
  return checks
}

/** Lists the check that lets each token in once, where it is asked for. */
export function replayChecks(
  parameters: TokenValidationParameters<never>,
  clockSkew: number,
  scheme: string,
): readonly Check[] {
  const cache = parameters.tokenReplayCache
  if (cache === undefined) return []
  checkMethods(cache, `${prefix}.tokenReplayCache`, ['addIfAbsent'])
  const instead =
    parameters.lifetimeValidator !== undefined
      ? `"${prefix}.lifetimeValidator" cannot stand beside it`
      : parameters.validateLifetime === false
        ? `"${prefix}.validateLifetime" must not be false`
        : undefined
  if (instead !== undefined) {
    throw new ConfigurationError(
      `"${prefix}.tokenReplayCache" forgets tokens once they expire, so ${instead}`,
    )
  }
  return [checkReplay({ cache, scheme, clockSkew })]
}
