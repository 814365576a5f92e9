import type { RequestHandler, Response } from 'express'
import { AuthError, getAuthentication, type JwtBearerEvents } from 'express-jwt-bearer'
import type { TestIssuer } from 'express-jwt-bearer/testing'
import { explainFault, explainRefusal } from './explain.js'
import { needOf } from './orders.js'

/**
 * Explains each refusal in a header, for the playground's page alone: an API that people depend on says no
 * more than the challenge does.
 */
export function explainingEvents(issuer: TestIssuer): JwtBearerEvents {
  return {
    onAuthenticationFailed: ({ req, res, error }) => {
      const token = req.get('Authorization')?.split(' ')[1] ?? ''
      if (error instanceof AuthError) explain(res, explainFault(error, token, issuer))
    },
    onForbidden: ({ req, res, principal }) => {
      explain(res, explainRefusal(needOf(req.method, req.originalUrl), principal))
    },
  }
}

/** Tells what was found out about the token: a public route answers 200 whatever it is worth. */
export const showOutcome: RequestHandler = (req, res, next) => {
  const result = getAuthentication(req)
  const failed = result.kind === 'failure' && result.error instanceof AuthError
  res.set('Demo-Outcome', failed ? result.error.code : result.kind)
  // What the issuer of an opaque token said of it; nobody else can tell.
  if (result.kind === 'success')
    res.set('Demo-Claims', encodeURIComponent(JSON.stringify(result.principal.claims)))
  next()
}

// A browser's header takes ASCII alone.
function explain(res: Response, text: string): void {
  res.set('Demo-Explanation', encodeURIComponent(text))
}
