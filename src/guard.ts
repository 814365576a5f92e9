import {
  resultOf,
  resultsOf,
  useResult,
  type SchemeResult,
} from './authentication/request-state.js'
import type { AuthenticateSuccess } from './authentication/result.js'
import type { Demands } from './authorization/demands.js'
import { evaluatePolicy, type AuthorizationResult } from './authorization/evaluate.js'
import {
  authenticatedUser,
  isScopeRequirement,
  type AuthorizationRequirement,
} from './authorization/requirement.js'
import type { NextFunction, Request, RequestHandler, Response } from './express.js'
import { forbid } from './responses/forbid.js'
import { httpError, serverFault } from './responses/http-error.js'
import { refuse } from './responses/refuse.js'

type Succeeded = SchemeResult & { readonly result: AuthenticateSuccess }

/** Makes the handler that lets a request through, challenges it or forbids it. */
export function createGuard(demands: Demands): RequestHandler {
  const { policy, optional } = demands
  const scopes = scopesOf(policy.requirements)

  async function judge(req: Request, res: Response): Promise<Error | 'pass' | undefined> {
    const found = considered(req, policy.schemes)
    if (found instanceof Error) return found
    const successes = found.filter((one): one is Succeeded => one.result.kind === 'success')
    const [first] = successes
    if (first === undefined) {
      if (optional && found.every(({ result }) => result.kind === 'none'))
        return passAsNobody(req, found)
      const authorizationFailure = { failedRequirements: [authenticatedUser], reasons: [] }
      return refuse(req, res, found, { scopes, authorizationFailure })
    }
    let shortfall: AuthorizationResult | undefined
    for (const success of successes) {
      const { principal } = success.result
      const outcome = await evaluatePolicy(policy, principal, { req, resource: req })
      if (outcome.succeeded) return pass(req, success)
      shortfall ??= outcome
    }
    return forbidFirst(req, res, first, shortfall as AuthorizationResult)
  }

  function authorizeMiddleware(req: Request, res: Response, next: NextFunction): void {
    judge(req, res).then(
      (verdict) => {
        // An assertion may have answered; the handler would write a second time.
        if (verdict === 'pass' && !res.writableEnded) next()
        else if (verdict instanceof Error) next(verdict)
      },
      (thrown: unknown) => {
        next(serverFault(res, thrown))
      },
    )
  }

  return authorizeMiddleware
}

function pass(req: Request, { result }: Succeeded): 'pass' {
  req.user = result.principal
  useResult(req, result)
  return 'pass'
}

function passAsNobody(req: Request, found: readonly SchemeResult[]): 'pass' {
  req.user = undefined
  useResult(req, (found[0] as SchemeResult).result)
  return 'pass'
}

function forbidFirst(
  req: Request,
  res: Response,
  found: Succeeded,
  { failedRequirements, reasons }: AuthorizationResult,
): Promise<Error | undefined> {
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
function considered(req: Request, names: readonly string[]): readonly SchemeResult[] | Error {
  const all = resultsOf(req)
  if (all.length === 0) {
    return misplaced(
      'authorize() ran before jwtBearer(): put app.use(jwtBearer(options)) in front of the guarded routes',
    )
  }
  if (names.length === 0) return all
  const found: SchemeResult[] = []
  for (const name of names) {
    const result = resultOf(req, name)
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
