import type { JwtBearerOptions } from '../../core/authentication/options.js'
import { readTokenParts } from '../token-parts.js'
import { answerTo, type Demanded, type ExplainedAnswer, type TriedRequest } from './answer.js'
import { checkClaims } from './check-claims.js'
import { checkSignature } from './check-signature.js'
import type { ExplainedCheck } from './explained-check.js'
import { likelyCause } from './likely-cause.js'
import { recordFetch } from './recorded-fetch.js'

/** What {@link explainToken} is asked. */
export interface ExplainRequest {
  /** The credentials, as they would follow the scheme in the `Authorization` header. */
  readonly token: string
  /** The options of the API's `jwtBearer()`. */
  readonly options: JwtBearerOptions
  /** Scopes that the route asks for, all of them. */
  readonly scopes?: readonly string[] | undefined
  /** Roles that the route asks for, all of them. */
  readonly roles?: readonly string[] | undefined
  /** The DPoP proof (RFC 9449) that came with the token. */
  readonly proof?: string | undefined
  /** The `publicUrl` of `dpop()`, to say in which part the address of a proof differs. */
  readonly publicUrl?: string | undefined
  /**
   * The method that the proof was made for.
   *
   * @defaultValue `'GET'`
   */
  readonly method?: string | undefined
  /**
   * Path and query of the request.
   *
   * @defaultValue `'/'`
   */
  readonly url?: string | undefined
}

/** Why a token is accepted or refused. */
export interface Explanation {
  /** Each check by itself, in the order in which the API makes them. */
  readonly checks: readonly ExplainedCheck[]
  /** What the API answers. */
  readonly answer: ExplainedAnswer
  /** The most likely reason, in words, where a known one fits. Quotes no claim. */
  readonly likely: string | undefined
}

/**
 * Says why an API refuses a token: every check by itself, the answer as the API gives it, and the likely cause.
 *
 * The checks are those of `jwtBearer()`: it is run once with the given options, and once per check with all
 * other checks switched off. Claims are tried under a key made for the purpose, so that they are judged
 * even where the signature does not hold; nothing of this ever accepts a token anywhere.
 *
 * @throws {@link ConfigurationError} when the options could not work.
 */
export async function explainToken(request: ExplainRequest): Promise<Explanation> {
  const { token, proof, publicUrl } = request
  const demanded: Demanded = { scopes: request.scopes ?? [], roles: request.roles ?? [] }
  const recorded = recordFetch(request.options.fetch ?? ((...call) => globalThis.fetch(...call)))
  const options: JwtBearerOptions = { ...request.options, fetch: recorded.fetch }
  const tried = requestWith(token, proof, request)
  const answer = await answerTo(tried, options, demanded)
  const parts = readTokenParts(token)
  const subject = { parts, options, tried, recorded, demanded }
  const checks = [...(await checkSignature(subject)), ...(await checkClaims(subject))]
  const refused = answer.status !== 200
  const likely = refused
    ? likelyCause({ ...subject, token, proof, publicUrl, checks, answer })
    : undefined
  return { checks, answer, likely }
}

function requestWith(
  token: string,
  proof: string | undefined,
  { method = 'GET', url = '/' }: ExplainRequest,
): TriedRequest {
  const credentials = { authorization: `${proof === undefined ? 'Bearer' : 'DPoP'} ${token}` }
  return {
    method,
    url,
    headers: proof === undefined ? credentials : { ...credentials, dpop: proof },
  }
}
