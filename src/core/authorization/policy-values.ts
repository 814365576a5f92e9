import { ConfigurationError } from '../errors.js'
import { show } from '../option-checks.js'
import type { AuthorizationRequirement } from './requirement.js'

/** Requires the form of a requirement. */
export function checkRequirement(requirement: AuthorizationRequirement): AuthorizationRequirement {
  const { name, evaluate } = Object(requirement) as Partial<AuthorizationRequirement>
  if (typeof name === 'string' && typeof evaluate === 'function') return requirement
  throw new ConfigurationError(
    'addRequirements() needs objects of the form { name, evaluate(context) }',
  )
}

/** Requires non-empty texts, one at least. */
export function some(values: readonly string[], method: string): readonly string[] {
  if (values.length === 0)
    throw new ConfigurationError(
      `${method}() needs at least one value; none would let nobody through`,
    )
  return checked(values, method)
}

/** Requires non-empty texts. */
export function checked(values: readonly string[], method: string): readonly string[] {
  for (const value of values as readonly unknown[]) {
    if (typeof value !== 'string' || value === '') {
      throw new ConfigurationError(`${method}() compares non-empty strings, got ${show(value)}`)
    }
  }
  return [...values]
}

/** Requires scopes, one at least and none with a space in it. */
export function scopes(values: readonly string[], method: string): readonly string[] {
  for (const scope of some(values, method)) {
    if (scope.includes(' ')) {
      throw new ConfigurationError(
        `${method}() takes one scope per value, got ${show(scope)}; call requireScope() once for each that is needed`,
      )
    }
  }
  return [...values]
}
