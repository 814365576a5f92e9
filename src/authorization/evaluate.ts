import type { Request } from '../express.js'
import { andThen, type MaybePromise } from '../maybe-promise.js'
import type { ClaimsPrincipal } from '../principal.js'
import type { AuthorizationPolicy } from './policy.js'
import {
  authenticatedUser,
  type AuthorizationContext,
  type AuthorizationRequirement,
} from './requirement.js'

/** What a policy said about a caller. */
export interface AuthorizationResult {
  readonly succeeded: boolean
  /** The requirements that were not met, in the policy's order. */
  readonly failedRequirements: readonly AuthorizationRequirement[]
  /** What assertions gave as reasons. */
  readonly reasons: readonly string[]
}

/** What is judged besides the caller. */
export interface Occasion {
  readonly req?: Request
  readonly resource?: unknown
}

/** Judges a caller by a policy. Every requirement is asked, so that every shortfall is known. */
export function evaluatePolicy(
  policy: AuthorizationPolicy,
  user: ClaimsPrincipal | undefined,
  occasion: Occasion,
): MaybePromise<AuthorizationResult> {
  // Requirements never see an unknown caller, so none of them has to think of it.
  if (user === undefined) {
    return { succeeded: false, failedRequirements: [authenticatedUser], reasons: [] }
  }
  const failedRequirements: AuthorizationRequirement[] = []
  const reasons: string[] = []
  const context = contextOf(user, occasion, reasons)

  function judgeFrom(index: number): MaybePromise<AuthorizationResult> {
    const requirement = policy.requirements[index]
    if (requirement === undefined) {
      return { succeeded: failedRequirements.length === 0, failedRequirements, reasons }
    }
    const reasonsBefore = reasons.length
    return andThen(requirement.evaluate(context), (answer) => {
      const failed = answer !== true || reasons.length > reasonsBefore
      if (failed) failedRequirements.push(requirement)
      return judgeFrom(index + 1)
    })
  }

  return judgeFrom(0)
}

function contextOf(
  user: ClaimsPrincipal,
  { req, resource }: Occasion,
  reasons: string[],
): AuthorizationContext {
  return {
    user,
    resource,
    get req(): Request {
      if (req === undefined)
        throw new TypeError('There is no request here: evaluate() judges a caller and a resource')
      return req
    },
    fail(reason) {
      reasons.push(reason)
    },
  }
}
