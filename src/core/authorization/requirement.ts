import type { Request } from '../express.js'
import type { MaybePromise } from '../../internal/maybe-promise.js'
import type { ClaimsPrincipal } from '../principal.js'

/** What a requirement judges. */
export interface AuthorizationContext {
  /** The caller; always an authenticated one. */
  readonly user: ClaimsPrincipal
  /** The request, where a guard asks. In `evaluate()` there is none, and reading it throws. */
  readonly req: Request
  /** The thing to be accessed, where `evaluate()` was given one; the request, where a guard asks. */
  readonly resource: unknown
  /** Refuses, whatever is returned, and says why to events and to the caller of `evaluate()`. */
  readonly fail: (reason: string) => void
}

/** One condition of a policy. */
export interface AuthorizationRequirement {
  /** Names the condition in `failedRequirements`. */
  readonly name: string
  /** Judges; only `true` meets the requirement. A throw is no answer but a fault (500). */
  evaluate(context: AuthorizationContext): MaybePromise<boolean>
}

/** A requirement that scopes would meet; challenges tell a client which. */
export interface ScopeRequirement extends AuthorizationRequirement {
  readonly scopes: readonly string[]
}

// Known by identity, so that a requirement of the user's cannot be taken for one of these.
const scopeRequirements = new WeakSet<AuthorizationRequirement>()
const userRequirements = new WeakSet<AuthorizationRequirement>()

/** Tells whether more scopes would meet a requirement. */
export function isScopeRequirement(
  requirement: AuthorizationRequirement,
): requirement is ScopeRequirement {
  return scopeRequirements.has(requirement)
}

/** Tells whether a requirement looks at the caller and at nothing else, so that it cannot have answered the request. */
export function judgesUserAlone(requirement: AuthorizationRequirement): boolean {
  return userRequirements.has(requirement)
}

/** Is what every policy starts with; met by the time requirements are judged. */
export const authenticatedUser: AuthorizationRequirement = userRequirement(
  'requireAuthenticatedUser',
  () => true,
)

/** Asks for one of several roles. */
export function roleRequirement(roles: readonly string[]): AuthorizationRequirement {
  return userRequirement('requireRole', (user) => roles.some((role) => user.isInRole(role)))
}

/** Asks for one of several scopes. */
export function scopeRequirement(
  name: string,
  scopes: readonly string[],
): AuthorizationRequirement {
  const requirement = userRequirement(name, (user) => scopes.some((scope) => user.hasScope(scope)))
  scopeRequirements.add(requirement)
  return Object.assign(requirement, { scopes })
}

/** Asks for a claim, with one of several values if any are given. */
export function claimRequirement(
  type: string,
  values: readonly string[],
): AuthorizationRequirement {
  return userRequirement('requireClaim', (user) =>
    values.length === 0 ? user.hasClaim(type) : values.some((value) => user.hasClaim(type, value)),
  )
}

/** Asks for one caller by name. */
export function userNameRequirement(userName: string): AuthorizationRequirement {
  return userRequirement('requireUserName', (user) => user.name === userName)
}

function userRequirement(
  name: string,
  judge: (user: ClaimsPrincipal) => boolean,
): AuthorizationRequirement {
  const requirement: AuthorizationRequirement = { name, evaluate: ({ user }) => judge(user) }
  userRequirements.add(requirement)
  return requirement
}

/** Asks a function of the user's. */
export function assertionRequirement(
  assertion: (context: AuthorizationContext) => MaybePromise<boolean>,
): AuthorizationRequirement {
  return { name: 'requireAssertion', evaluate: assertion }
}
