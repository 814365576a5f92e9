import { resolveDemands, type AuthorizeArgument } from './authorization/demands.js'
import { evaluatePolicy, type AuthorizationResult } from './authorization/evaluate.js'
import {
  buildPolicy,
  type AuthorizationPolicy,
  type PolicyBuilder,
  type PolicyInput,
} from './authorization/policy.js'
import { ConfigurationError } from './errors.js'
import type { Middleware } from './express.js'
import { checkNames, checkObject, kindOf, readClock } from './option-checks.js'
import type { ClaimsPrincipal } from './claims-principal.js'
import { createGuard } from './guard.js'

/** Makes guards. Several arguments must all hold; without any, every authenticated caller may pass. */
export type Authorize<Name extends string = never> = (
  ...requirements: readonly AuthorizeArgument<Name>[]
) => Middleware

/** What {@link createAuthorization} accepts. */
export interface AuthorizationOptions<Name extends string = string> {
  /** Policies by name, for guards and for `evaluate()`. */
  policies?: Readonly<Record<Name, PolicyInput>> | undefined
  /**
   * What a guard asks for that names neither a policy nor roles.
   *
   * @defaultValue An authenticated caller.
   */
  defaultPolicy?: PolicyInput
  /**
   * Gives the time in milliseconds since the epoch, for `requireRecentAuthentication()`.
   *
   * @defaultValue `Date.now`
   */
  clock?: (() => number) | undefined
}

/** What {@link createAuthorization} returns. */
export interface Authorization<Name extends string> {
  /** Makes guards that know the named policies. */
  readonly authorize: Authorize<Name>
  /**
   * Judges a caller by a policy, for decisions that depend on a resource.
   *
   * @param policy - A name, a policy or a function that builds one.
   * @param principal - The caller; nobody never meets a policy, nor does the caller of a scheme that it does
   * not name.
   * @param resource - What assertions find as `context.resource`.
   * @returns What the policy said; nothing is answered. Rejects with a `TypeError` for what is no principal.
   */
  readonly evaluate: (
    policy: Name | PolicyInput,
    principal: ClaimsPrincipal | null | undefined,
    resource?: unknown,
  ) => Promise<AuthorizationResult>
}

/**
 * Creates guards that know policies by name.
 *
 * @throws {@link ConfigurationError} when a policy cannot be built, and later, when a guard is made with
 * a name that is unknown. Both happen while the app starts.
 *
 * @example Two policies
 * ```ts
 * const { authorize } = createAuthorization({
 *   policies: {
 *     AdminOnly: (policy) => policy.requireRole('Admin'),
 *     CanReadOrders: (policy) => policy.requireScope('orders.read'),
 *   },
 * })
 * app.get('/api/orders', authorize('CanReadOrders'), listOrders)
 * ```
 */
export function createAuthorization<const Name extends string = never>(
  options: AuthorizationOptions<Name> = {},
): Authorization<Name> {
  checkNames(
    options,
    ['policies', 'defaultPolicy', 'clock'],
    'the options of createAuthorization()',
  )
  if ('defaultPolicy' in options && options.defaultPolicy === undefined) {
    throw new ConfigurationError(
      '"defaultPolicy" is there and undefined, which would let every signed-in caller in; leave it out, or set the variable it is read from',
    )
  }
  const clock = readClock(options.clock)
  const { policies = {}, defaultPolicy = (policy: PolicyBuilder) => policy } = options
  checkObject(policies, '"policies"')
  const named = new Map<string, AuthorizationPolicy>(
    Object.entries<PolicyInput>(policies).map(([name, policy]) => [name, buildPolicy(policy)]),
  )
  const byDefault = buildPolicy(defaultPolicy)

  function policyOf(policy: string | PolicyInput): AuthorizationPolicy {
    if (typeof policy !== 'string') return buildPolicy(policy)
    const known = named.get(policy)
    if (known !== undefined) return known
    const names = [...named.keys()].map((name) => `"${name}"`).join(', ') || 'none'
    throw new ConfigurationError(`no policy is called "${policy}"; known are ${names}`)
  }

  return {
    authorize: (...requirements) =>
      createGuard(resolveDemands(requirements, policyOf, byDefault), clock),
    evaluate: async (policy, principal, resource) => {
      const asked = policyOf(policy)
      return evaluatePolicy(asked, judgedCaller(asked, principal), { resource, clock })
    },
  }
}

// Nobody, and whoever comes from a scheme that the policy does not accept, is no caller for it.
function judgedCaller(
  { schemes }: AuthorizationPolicy,
  principal: ClaimsPrincipal | null | undefined,
): ClaimsPrincipal | undefined {
  if (principal === null || principal === undefined) return undefined
  if (typeof (principal as Partial<ClaimsPrincipal>).isInRole !== 'function') {
    throw new TypeError(`evaluate() judges a principal, such as req.user, got ${kindOf(principal)}`)
  }
  return schemes.length === 0 || schemes.includes(principal.scheme) ? principal : undefined
}

/**
 * Creates a guard that lets a request continue only when its caller meets every requirement.
 *
 * An anonymous caller is challenged with 401; a known caller that falls short is refused with 403.
 * The guard relies on the result that {@link jwtBearer} left on the request and never reads the
 * token itself.
 *
 * @param requirements - Policies, builders or objects. Without any, every authenticated caller may pass.
 * @returns An Express request handler to place in front of a route, a router or everything that follows.
 * @throws {@link ConfigurationError} when a requirement makes no sense. This happens while the app starts,
 * never during a request.
 *
 * @example Ask for a scope on one route
 * ```ts
 * app.get('/orders', authorize((policy) => policy.requireScope('orders.read')), listOrders)
 * ```
 */
export const authorize: Authorize = createAuthorization().authorize
