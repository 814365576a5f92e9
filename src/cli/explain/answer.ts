import { authorize } from '../../core/authorize.js'
import type { JwtBearerOptions } from '../../core/authentication/options.js'
import type { PolicyBuilder } from '../../core/authorization/policy.js'
import type { Request, Response } from '../../core/express.js'
import { jwtBearer } from '../../core/jwt-bearer.js'

/** What the API would answer. */
export interface ExplainedAnswer {
  readonly status: number
  /** The `WWW-Authenticate` lines, joined as they are on the wire where there are several. */
  readonly challenge: string | undefined
}

/** The request that the token is tried on. */
export interface TriedRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** What a route would ask for besides a good token. */
export interface Demanded {
  readonly scopes: readonly string[]
  readonly roles: readonly string[]
}

/** Makes the policy that asks for all of it. */
export function policyOf({ scopes, roles }: Demanded): (policy: PolicyBuilder) => PolicyBuilder {
  return (policy) => {
    for (const scope of scopes) policy.requireScope(scope)
    for (const role of roles) policy.requireRole(role)
    return policy
  }
}

/** Sends a request through the real middleware and a real guard, and reads what they answer. */
export async function answerTo(
  request: TriedRequest,
  options: JwtBearerOptions,
  demanded: Demanded,
): Promise<ExplainedAnswer> {
  const headers = new Map<string, unknown>()
  const req = { ...request, originalUrl: request.url }
  const res = {
    statusCode: 200,
    headersSent: false,
    writableEnded: false,
    setHeader: (name: string, value: unknown) => headers.set(name.toLowerCase(), value),
    getHeader: (name: string) => headers.get(name.toLowerCase()),
  }
  const middleware = jwtBearer(options)
  const guard = authorize(policyOf(demanded))
  const exchange = [req as unknown as Request, res as unknown as Response] as const
  const fault = await new Promise<unknown>((resolve) => {
    middleware(...exchange, () => {
      guard(...exchange, resolve)
    })
  })
  if (fault === undefined) return { status: 200, challenge: undefined }
  const { status = 500 } = fault as { status?: number }
  const challenge = headers.get('www-authenticate') as string | string[] | undefined
  return { status, challenge: challenge === undefined ? undefined : [challenge].flat().join(', ') }
}
