import type { Request } from '../express.js'
import type { MaybePromise } from '../../internal/maybe-promise.js'
import type { ClaimsPrincipal } from '../claims-principal.js'

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

/** A requirement that looks at the caller and at nothing else, so that it cannot have answered the request. */
export class UserRequirement implements AuthorizationRequirement {
  readonly name: string
  readonly #judge: (user: ClaimsPrincipal, clock: () => number) => boolean

  constructor(name: string, judge: (user: ClaimsPrincipal, clock: () => number) => boolean) {
    this.name = name
    this.#judge = judge
  }

  /** Judges a caller by a clock, in milliseconds since the epoch. */
  judge(user: ClaimsPrincipal, clock: () => number): boolean {
    return this.#judge(user, clock)
  }

  evaluate({ user }: AuthorizationContext): boolean {
    return this.#judge(user, () => Date.now())
  }
}

/**
 * A requirement that scopes would meet; challenges tell a client which. Known by its class, so that a
 * requirement of the user's cannot be taken for it.
 */
export class ScopeRequirement extends UserRequirement {
  readonly scopes: readonly string[]

  constructor(name: string, scopes: readonly string[]) {
    super(name, (user) => scopes.some((scope) => user.hasScope(scope)))
    this.scopes = scopes
  }
}

/** Tells whether more scopes would meet a requirement. */
export function isScopeRequirement(
  requirement: AuthorizationRequirement,
): requirement is ScopeRequirement {
  return requirement instanceof ScopeRequirement
}

/** Is what every policy starts with; met by the time requirements are judged. */
export const authenticatedUser: AuthorizationRequirement = new UserRequirement(
  'requireAuthenticatedUser',
  () => true,
)

/** Asks for one of several roles. */
export function roleRequirement(roles: readonly string[]): AuthorizationRequirement {
  return new UserRequirement('requireRole', (user) => roles.some((role) => user.isInRole(role)))
}

/** Asks for one of several scopes. */
export function scopeRequirement(
  name: string,
  scopes: readonly string[],
): AuthorizationRequirement {
  return new ScopeRequirement(name, scopes)
}

/** Asks for a claim, with one of several values if any are given. */
export function claimRequirement(
  type: string,
  values: readonly string[],
): AuthorizationRequirement {
  return new UserRequirement('requireClaim', (user) =>
    values.length === 0 ? user.hasClaim(type) : values.some((value) => user.hasClaim(type, value)),
  )
}

/** Asks for one caller by name. */
export function userNameRequirement(userName: string): AuthorizationRequirement {
  return new UserRequirement('requireUserName', (user) => user.name === userName)
}

/** Asks a function of the user's. */
export function assertionRequirement(
  assertion: (context: AuthorizationContext) => MaybePromise<boolean>,
): AuthorizationRequirement {
  return { name: 'requireAssertion', evaluate: assertion }
}
