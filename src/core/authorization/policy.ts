import { ConfigurationError } from '../errors.js'
import type { MaybePromise } from '../../internal/maybe-promise.js'
import { show } from '../option-checks.js'
import { acrRequirement, recentAuthenticationRequirement } from './step-up.js'
import { checkRequirement, checked, scopes, some } from './policy-values.js'
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

/** What a caller must meet: every requirement, as a caller of one of the named schemes or, without any, of whichever. */
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
  readonly #combined: (readonly string[])[] = []

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

  /**
   * Asks that the user signed in at one of these levels: that `acr` equals one of them, exactly. Where only the
   * sign-in falls short, the answer is 401 with `error="insufficient_user_authentication"` (RFC 9470).
   *
   * @param acrValues - In order of preference, as the challenge names them.
   * @throws {@link ConfigurationError} when there is none, or one holds what no challenge can say.
   */
  requireAcr(...acrValues: readonly string[]): this {
    return this.#add(acrRequirement(some(acrValues, 'requireAcr')))
  }

  /**
   * Asks that the user signed in no longer ago than this, by `auth_time`. Where only the sign-in falls short,
   * the answer is 401 with `error="insufficient_user_authentication"` (RFC 9470). No clock skew is added.
   *
   * @param maxAge - Seconds, a whole number from 1 to 400 days.
   * @throws {@link ConfigurationError} when it is no such number.
   */
  requireRecentAuthentication(maxAge: number): this {
    return this.#add(recentAuthenticationRequirement(maxAge))
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
    for (const requirement of requirements) this.#add(checkRequirement(requirement))
    return this
  }

  /** Judges the callers of these schemes alone; they are alternatives. */
  addAuthenticationSchemes(...schemes: readonly string[]): this {
    this.#schemes.push(...some(schemes, 'addAuthenticationSchemes'))
    return this
  }

  /**
   * Adds everything that another policy asks for. The caller has to come from a scheme that both accept.
   */
  combine(policy: PolicyInput): this {
    const { requirements, schemes } = buildPolicy(policy)
    this.#requirements.push(...requirements.filter((added) => added !== authenticatedUser))
    this.#combined.push(schemes)
    return this
  }

  /**
   * Closes the collection.
   *
   * @throws {@link ConfigurationError} when combined policies have no scheme in common.
   */
  build(): AuthorizationPolicy {
    return Object.freeze({
      requirements: Object.freeze([...this.#requirements]),
      schemes: Object.freeze(inCommon([this.#schemes, ...this.#combined])),
    })
  }

  #add(requirement: AuthorizationRequirement): this {
    this.#requirements.push(requirement)
    return this
  }
}

// A policy without schemes takes whichever.
function inCommon(all: readonly (readonly string[])[]): readonly string[] {
  const [first = [], ...others] = all.filter((schemes) => schemes.length > 0)
  const common = [...new Set(first)].filter((scheme) =>
    others.every((schemes) => schemes.includes(scheme)),
  )
  if (common.length > 0 || first.length === 0) return common
  const named = [first, ...others].map((schemes) => schemes.map(show).join(' or '))
  throw new ConfigurationError(
    `the policies of one guard must have a scheme in common, since each is judged on its own; they name ${named.join(' and ')}`,
  )
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
    if (Array.isArray(requirements) && Array.isArray(schemes)) {
      requirements.forEach(checkRequirement)
      checked(schemes, 'addAuthenticationSchemes')
      return policy
    }
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
