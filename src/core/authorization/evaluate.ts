import type { Request } from '../express.js'
import { isPromise, type MaybePromise } from '../../internal/maybe-promise.js'
import type { ClaimsPrincipal } from '../claims-principal.js'
import type { AuthorizationPolicy } from './policy.js'
import {
  authenticatedUser,
  UserRequirement,
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
  readonly clock: () => number
}

/** Judges a caller by a policy. Every requirement is asked, so that every shortfall is known. */
export function evaluatePolicy(
  { requirements }: AuthorizationPolicy,
  user: ClaimsPrincipal | undefined,
  occasion: Occasion,
): MaybePromise<AuthorizationResult> {
  // Requirements never see an unknown caller, so none of them has to think of it.
  if (user === undefined) {
    return { succeeded: false, failedRequirements: [authenticatedUser], reasons: [] }
  }
  if (isPlainlyMet(requirements, user, occasion)) return met
  const caller = user
  const failedRequirements: AuthorizationRequirement[] = []
  const reasons: string[] = []
  // Made where a requirement needs it, which most do not.
  let context: Context | undefined

  function judgeFrom(first: number): MaybePromise<AuthorizationResult> {
    for (let index = first; index < requirements.length; index += 1) {
      const requirement = requirements[index] as AuthorizationRequirement
      if (requirement instanceof UserRequirement) {
        if (!requirement.judge(caller, occasion.clock)) failedRequirements.push(requirement)
        continue
      }
      const reasonsBefore = reasons.length
      const note = (answer: boolean) => {
        const failed = answer !== true || reasons.length > reasonsBefore
        if (failed) failedRequirements.push(requirement)
      }
      context ??= new Context(caller, occasion, reasons)
      const answer = requirement.evaluate(context)
      if (isPromise(answer)) {
        return answer.then((later) => {
          note(later)
          return judgeFrom(index + 1)
        })
      }
      note(answer)
    }
    return { succeeded: failedRequirements.length === 0, failedRequirements, reasons }
  }

  return judgeFrom(0)
}

const met: AuthorizationResult = Object.freeze({
  succeeded: true,
  failedRequirements: Object.freeze([]),
  reasons: Object.freeze([]),
})

// Nearly every request ends here, so that nothing is made for what could go wrong.
function isPlainlyMet(
  requirements: readonly AuthorizationRequirement[],
  user: ClaimsPrincipal,
  { clock }: Occasion,
): boolean {
  for (const requirement of requirements) {
    if (!(requirement instanceof UserRequirement && requirement.judge(user, clock))) return false
  }
  return true
}

// A class: a getter in an object literal would be put together anew for each request, at a price.
class Context implements AuthorizationContext {
  readonly user: ClaimsPrincipal
  readonly resource: unknown
  readonly #req: Request | undefined
  readonly #reasons: string[]

  constructor(user: ClaimsPrincipal, { req, resource }: Occasion, reasons: string[]) {
    this.user = user
    this.resource = resource
    this.#req = req
    this.#reasons = reasons
  }

  get req(): Request {
    if (this.#req !== undefined) return this.#req
    throw new TypeError('There is no request here: evaluate() judges a caller and a resource')
  }

  // A getter, so that an assertion may take the function out of the context.
  get fail(): (reason: string) => void {
    return (reason) => {
      this.#reasons.push(reason)
    }
  }
}
