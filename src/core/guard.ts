import {
  resultOf,
  stateOf,
  type RequestState,
  type SchemeResult,
} from './authentication/request-state.js'
import type { AuthenticateSuccess } from './authentication/result.js'
import type { Demands } from './authorization/demands.js'
import { evaluatePolicy, type AuthorizationResult } from './authorization/evaluate.js'
import {
  authenticatedUser,
  isScopeRequirement,
  UserRequirement,
} from './authorization/requirement.js'
import { signInWanted } from './authorization/step-up.js'
import { handOver, isAnswered } from '../internal/hand-over.js'
import type { Middleware, NextFunction, Request, Response } from './express.js'
import type { ClaimsPrincipal } from './claims-principal.js'
import { andThen, attempt, isPromise, type MaybePromise } from '../internal/maybe-promise.js'
import { renewNonce } from './responses/dpop-nonce.js'
import { forbid } from './responses/forbid.js'
import { httpError, serverFault } from './responses/http-error.js'
import { refuse } from './responses/refuse.js'
import { stepUp } from './responses/step-up.js'

type Succeeded = SchemeResult & { readonly result: AuthenticateSuccess }

/** Let through, refuse with an error, or leave alone because an event answers. */
type Verdict = 'pass' | Error | undefined

/** Makes the handler that lets a request through, challenges it or forbids it. */
export function createGuard(demands: Demands, clock: () => number): Middleware {
  const { policy, optional } = demands
  const scopes = policy.requirements.filter(isScopeRequirement).map((asked) => asked.scopes)
  const mayAnswer = !policy.requirements.every((one) => one instanceof UserRequirement)

  function judge(req: Request, res: Response): MaybePromise<Verdict> {
    const state = stateOf(req)
    if (state === undefined) {
      return misplaced(
        'authorize() ran before jwtBearer(): put app.use(jwtBearer(options)) in front of the guarded routes. If it is there, two copies of this package may be loaded: npm ls express-jwt-bearer',
      )
    }
    state.looked = true
    const found = considered(state, policy.schemes)
    if (found instanceof Error) return found
    const successes = found.filter((one): one is Succeeded => one.result.kind === 'success')
    if (successes.length > 0) return judgeCallers(req, res, state, successes)
    if (optional && found.every(({ result }) => result.kind === 'none')) {
      return pass(req, res, state, found[0] as SchemeResult, none)
    }
    const scopesFor = (scheme: string) => scopesToName(state, scheme, scopes)
    return refuse(req, res, found, { scopesFor, authorizationFailure: nobodyKnown })
  }

  // Several schemes may know a caller: the first one that meets the policy is let through.
  function judgeCallers(
    req: Request,
    res: Response,
    state: RequestState,
    callers: readonly Succeeded[],
    index = 0,
    earlier?: () => MaybePromise<Verdict>,
  ): MaybePromise<Verdict> {
    const caller = callers[index] as Succeeded
    const judged = evaluatePolicy(policy, caller.result.principal, { req, resource: req, clock })
    return andThen(judged, (outcome): MaybePromise<Verdict> => {
      if (outcome.succeeded) return pass(req, res, state, caller, scopes)
      const refuseFirst = earlier ?? (() => refuseCaller(req, res, state, caller, outcome))
      return index + 1 === callers.length
        ? refuseFirst()
        : judgeCallers(req, res, state, callers, index + 1, refuseFirst)
    })
  }

  function refuseCaller(
    req: Request,
    res: Response,
    state: RequestState,
    found: Succeeded,
    { failedRequirements, reasons }: AuthorizationResult,
  ): MaybePromise<Error | undefined> {
    const { principal } = found.result
    const authorizationFailure = { failedRequirements, reasons }
    const named = scopesToName(state, found.scheme.name, scopes, principal)
    const wanted = signInWanted(failedRequirements, isScopeRequirement)
    if (wanted !== undefined) {
      return stepUp(req, res, found, { principal, authorizationFailure, scopes: named, ...wanted })
    }
    // With anything else missing too, a wider token would only be refused again.
    const wouldHelp = failedRequirements.every(isScopeRequirement)
    return forbid(req, res, found, {
      principal,
      authorizationFailure,
      scopes: wouldHelp ? named : none,
    })
  }

  function authorizeMiddleware(req: Request, res: Response, next: NextFunction): void {
    const goOn = (verdict: Verdict) => {
      // An assertion may have answered; the handler would write a second time.
      if (verdict === 'pass' && (!mayAnswer || !isAnswered(res))) next()
      else if (verdict instanceof Error) next(verdict)
    }
    const verdict = attempt(
      () => judge(req, res),
      (thrown) => serverFault(res, thrown),
    )
    // What is thrown after a wait has nobody above to catch it.
    if (isPromise(verdict)) {
      const late = (error: unknown) => {
        handOver(error, res, next)
      }
      void verdict
        .then((found) => {
          if (found instanceof Error) late(found)
          else goOn(found)
        })
        .then(undefined, late)
    } else goOn(verdict)
  }

  return authorizeMiddleware as Middleware
}

const none: readonly never[] = []

const nobodyKnown = Object.freeze({
  failedRequirements: Object.freeze([authenticatedUser]),
  reasons: Object.freeze([]),
})

function pass(
  req: Request,
  res: Response,
  state: RequestState,
  found: SchemeResult,
  scopes: readonly (readonly string[])[],
): 'pass' {
  const { result } = found
  const principal = result.kind === 'success' ? result.principal : undefined
  // Mostly it is there already, and a request is slow to write to.
  if (req.user !== principal) req.user = principal
  state.used = result
  if (found.isNonceEnding === true) renewNonce(res, found)
  if (scopes.length > 0 && result.kind === 'success') {
    state.passed = [...(state.passed ?? []), { scheme: result.scheme, scopes }]
  }
  return 'pass'
}

// Everything that this guard and those before it ask for, held or not: a client asks for exactly what is
// named, and would lose what is not. Of alternatives the one that the caller holds, else the first.
function scopesToName(
  state: RequestState,
  scheme: string,
  asked: readonly (readonly string[])[],
  caller?: ClaimsPrincipal,
): readonly string[] {
  const passed = state.passed?.filter((guard) => guard.scheme === scheme) ?? none
  if (passed.length === 0 && asked.length === 0) return none
  const all = [...passed.flatMap((guard) => guard.scopes), ...asked]
  return [...new Set(all.map((any) => any.find((one) => caller?.hasScope(one)) ?? String(any[0])))]
}

// The schemes a policy names, or all that looked at the request.
function considered(
  state: RequestState,
  names: readonly string[],
): readonly SchemeResult[] | Error {
  if (names.length === 0) return state.results
  const found: SchemeResult[] = []
  for (const name of names) {
    const result = resultOf(state, name)
    if (result === undefined) {
      return misplaced(
        `authorize() asks for the scheme "${name}", but no jwtBearer() of that name ran before it`,
      )
    }
    found.push(result)
  }
  return found
}

function misplaced(message: string): Error {
  return httpError({ status: 500, code: 'ERR_CONFIGURATION', message })
}
