import {
  resultOf,
  stateOf,
  type RequestState,
  type SchemeResult,
} from './authentication/request-state.js'
import type { AuthenticateResult, AuthenticateSuccess } from './authentication/result.js'
import type { Demands } from './authorization/demands.js'
import { evaluatePolicy, type AuthorizationResult } from './authorization/evaluate.js'
import {
  authenticatedUser,
  isScopeRequirement,
  judgesUserAlone,
  type AuthorizationRequirement,
} from './authorization/requirement.js'
import type { Middleware, NextFunction, Request, Response } from './express.js'
import { andThen, attempt, isPromise, type MaybePromise } from '../internal/maybe-promise.js'
import { forbid } from './responses/forbid.js'
import { httpError, serverFault } from './responses/http-error.js'
import { refuse } from './responses/refuse.js'

type Succeeded = SchemeResult & { readonly result: AuthenticateSuccess }

/** Let through, refuse with an error, or leave alone because an event answers. */
type Verdict = 'pass' | Error | undefined

/** Makes the handler that lets a request through, challenges it or forbids it. */
export function createGuard(demands: Demands): Middleware {
  const { policy, optional } = demands
  const scopes = scopesOf(policy.requirements)
  const mayAnswer = !policy.requirements.every(judgesUserAlone)

  function judge(req: Request, res: Response): MaybePromise<Verdict> {
    const state = stateOf(req)
    if (state === undefined) {
      return misplaced(
        'authorize() ran before jwtBearer(): put app.use(jwtBearer(options)) in front of the guarded routes',
      )
    }
    const found = considered(state, policy.schemes)
    if (found instanceof Error) return found
    const successes = found.filter((one): one is Succeeded => one.result.kind === 'success')
    if (successes.length > 0) return judgeCallers(req, res, state, successes)
    if (optional && found.every(({ result }) => result.kind === 'none')) {
      return pass(req, state, (found[0] as SchemeResult).result)
    }
    const authorizationFailure = { failedRequirements: [authenticatedUser], reasons: [] }
    return refuse(req, res, found, { scopes, authorizationFailure })
  }

  // Several schemes may know a caller: the first one that meets the policy is let through.
  function judgeCallers(
    req: Request,
    res: Response,
    state: RequestState,
    [caller, ...others]: readonly Succeeded[],
    earlier?: () => MaybePromise<Verdict>,
  ): MaybePromise<Verdict> {
    const { result } = caller as Succeeded
    const judged = evaluatePolicy(policy, result.principal, { req, resource: req })
    return andThen(judged, (outcome): MaybePromise<Verdict> => {
      if (outcome.succeeded) return pass(req, state, result)
      const refuseFirst = earlier ?? (() => forbidCaller(req, res, caller as Succeeded, outcome))
      return others.length === 0
        ? refuseFirst()
        : judgeCallers(req, res, state, others, refuseFirst)
    })
  }

  function authorizeMiddleware(req: Request, res: Response, next: NextFunction): void {
    const goOn = (verdict: Verdict) => {
      // An assertion may have answered; the handler would write a second time.
      if (verdict === 'pass' && (!mayAnswer || !res.writableEnded)) next()
      else if (verdict instanceof Error) next(verdict)
    }
    const verdict = attempt(
      () => judge(req, res),
      (thrown) => serverFault(res, thrown),
    )
    if (isPromise(verdict)) void verdict.then(goOn)
    else goOn(verdict)
  }

  return authorizeMiddleware as Middleware
}

function pass(req: Request, state: RequestState, result: AuthenticateResult): 'pass' {
  req.user = result.kind === 'success' ? result.principal : undefined
  state.used = result
  return 'pass'
}

function forbidCaller(
  req: Request,
  res: Response,
  found: Succeeded,
  { failedRequirements, reasons }: AuthorizationResult,
): MaybePromise<Error | undefined> {
  return forbid(req, res, found, {
    principal: found.result.principal,
    authorizationFailure: { failedRequirements, reasons },
    scopes: scopesOf(failedRequirements),
  })
}

function scopesOf(requirements: readonly AuthorizationRequirement[]): readonly string[] {
  return [...new Set(requirements.filter(isScopeRequirement).flatMap(({ scopes }) => scopes))]
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
