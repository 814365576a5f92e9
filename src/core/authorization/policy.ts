import { ConfigurationError } from '../errors.js'
import type { MaybePromise } from '../../internal/maybe-promise.js'
import { show } from '../option-checks.js'
import {
  assertionRequirement,
  authenticatedUser,
  claimRequirement,
  roleRequirement,
  scopeRequirement,
  userNameRequirement,
  type AuthorizationContext,
  type AuthorizationRequirement,
} from './requirement.js'

/** What a caller must meet: every requirement, judged for the named schemes or, without any, for all. */
export interface AuthorizationPolicy {
  readonly requirements: readonly AuthorizationRequirement[]
  readonly schemes: readonly string[]
}

/** Builds a policy: calls the builder's methods; what it returns does not matter. */
export type PolicyBuilderFunction = (policy: PolicyBuilder) => unknown

/** A policy, or a function that builds one. */
export type PolicyInput = AuthorizationPolicy | PolicyBuilderFunction

/** Collects requirements. Values inside a call are alternatives, calls add up. */
export class PolicyBuilder {
  readonly #requirements: AuthorizationRequirement[] = [authenticatedUser]
  readonly #schemes: string[] = []

  /** Asks for an authenticated caller; every policy does so anyway. */
  requireAuthenticatedUser(): this {
    return this
  }

  /**
   * Asks for one of these roles.
   *
   * @throws {@link ConfigurationError} when there is none.
   */
  requireRole(...roles: readonly string[]): this {
    return this.#add(roleRequirement(some(roles, 'requireRole')))
  }

  /**
   * Asks for exactly this scope.
   *
   * @throws {@link ConfigurationError} when it holds a space or is not the only one: two scopes are two calls.
   */
  requireScope(...only: readonly [scope: string]): this {
    // Without types it is easily taken for requireRole(), and all but the first would go unasked.
    if ((only as readonly string[]).length > 1) {
      throw new ConfigurationError(
        'requireScope() takes one scope; call it once for each that is needed, or requireAnyScope() for alternatives',
      )
    }
    return this.#add(scopeRequirement('requireScope', scopes(only, 'requireScope')))
  }

  /**
   * Asks for one of these scopes.
   *
   * @throws {@link ConfigurationError} when there is none, or one holds a space.
   */
  requireAnyScope(...anyOf: readonly string[]): this {
    return this.#add(scopeRequirement('requireAnyScope', scopes(anyOf, 'requireAnyScope')))
  }

  /** Asks for a claim, with one of these values if any are given; values compare exactly, as text. */
  requireClaim(type: string, ...values: readonly string[]): this {
    some([type], 'requireClaim')
    return this.#add(claimRequirement(type, checked(values, 'requireClaim')))
  }

  /** Asks for the caller of this name. */
  requireUserName(name: string): this {
    return this.#add(userNameRequirement(some([name], 'requireUserName')[0] as string))
  }

  /** Asks a function; only `true` lets the caller through. A throw is a fault (500). */
  requireAssertion(assertion: (context: AuthorizationContext) => MaybePromise<boolean>): this {
    if (typeof (assertion as unknown) !== 'function') {
      throw new ConfigurationError(`requireAssertion() needs a function, got ${show(assertion)}`)
    }
    return this.#add(assertionRequirement(assertion))
  }

  /** Adds requirements of the user's own. */
  addRequirements(...requirements: readonly AuthorizationRequirement[]): this {
    for (const requirement of requirements) {
      const { name, evaluate } = Object(requirement) as Partial<AuthorizationRequirement>
      if (typeof name !== 'string' || typeof evaluate !== 'function') {
        throw new ConfigurationError(
          'addRequirements() needs objects of the form { name, evaluate(context) }',
        )
      }
      this.#add(requirement)
    }
    return this
  }

  /** Judges the callers of these schemes alone. */
  addAuthenticationSchemes(...schemes: readonly string[]): this {
    this.#schemes.push(...some(schemes, 'addAuthenticationSchemes'))
    return this
  }

  /** Adds everything that another policy asks for. */
  combine(policy: PolicyInput): this {
    const { requirements, schemes } = buildPolicy(policy)
    this.#requirements.push(...requirements.filter((added) => added !== authenticatedUser))
    this.#schemes.push(...schemes)
    return this
  }

  /** Closes the collection. */
  build(): AuthorizationPolicy {
    return Object.freeze({
      requirements: Object.freeze([...this.#requirements]),
      schemes: Object.freeze([...new Set(this.#schemes)]),
    })
  }

  #add(requirement: AuthorizationRequirement): this {
    this.#requirements.push(requirement)
    return this
  }
}

/**
 * Builds a policy that several guards can share.
 *
 * @param policy - A function that calls the builder's methods.
 *
 * @example
 * ```ts
 * const paidStaff = buildPolicy((policy) => policy.requireRole('Staff').requireClaim('plan', 'paid'))
 * ```
 */
export function buildPolicy(policy: PolicyInput): AuthorizationPolicy {
  if (typeof policy !== 'function') {
    const { requirements, schemes } = Object(policy) as Partial<AuthorizationPolicy>
    if (Array.isArray(requirements) && Array.isArray(schemes)) return policy
    throw new ConfigurationError(
      `a policy must be a function such as (policy) => policy.requireRole('Admin'), got ${show(policy)}`,
    )
  }
  const builder = new PolicyBuilder()
  const returned: unknown = policy(builder)
  // Nothing would wait for it, and what it asks for would be missing.
  if (typeof (returned as PromiseLike<unknown> | undefined)?.then === 'function') {
    throw new ConfigurationError(
      'a policy must be built synchronously; use requireAssertion() for what takes time',
    )
  }
  return builder.build()
}

function some(values: readonly string[], method: string): readonly string[] {
  if (values.length === 0)
    throw new ConfigurationError(
      `${method}() needs at least one value; none would let nobody through`,
    )
  return checked(values, method)
}

function checked(values: readonly string[], method: string): readonly string[] {
  for (const value of values as readonly unknown[]) {
    if (typeof value !== 'string' || value === '') {
      throw new ConfigurationError(`${method}() compares non-empty strings, got ${show(value)}`)
    }
  }
  return [...values]
}

function scopes(values: readonly string[], method: string): readonly string[] {
  for (const scope of some(values, method)) {
    if (scope.includes(' ')) {
      throw new ConfigurationError(
        `${method}() takes one scope per value, got ${show(scope)}; call requireScope() once for each that is needed`,
      )
    }
  }
  return [...values]
}
