import { stateOf } from '../core/authentication/request-state.js'
import { claimsOfToken } from '../core/authentication/result.js'
import type {
  AuthorizationContext,
  AuthorizationRequirement,
} from '../core/authorization/requirement.js'
import { MetadataUnavailableError } from '../core/errors.js'
import type { TokenValidatedContext } from '../core/events.js'
import { checkMethods, checkNames, readFlag, readFunction } from '../core/option-checks.js'
import type { JwtClaims } from '../core/claims-principal.js'
import { ownClaimsOf } from '../core/principal.js'
import { TokenRevokedError } from '../core/token-errors.js'
import { within } from '../internal/time-limit.js'
import type { DenyList } from '../core/deny-list.js'
import { readDenyQuery, type RevocationQuestion } from './deny-query.js'
import { notify, type RevocationEvent } from './events.js'

/** What {@link checkRevocation} and {@link notRevoked} accept. */
export interface RevocationCheckOptions {
  /**
   * Whether callers are refused with 503 while the deny list cannot be asked, and as revoked when their
   * token cannot be judged: without a number as `iat`, or with a `jti`, `sid` or `sub` that is no id.
   *
   * @remarks Off, a revoked token works as long as the deny list is down, until it expires. On, nobody
   * gets in as long as it is down. A list that does not answer within 5 seconds counts as down.
   *
   * @defaultValue `false`
   */
  failClosed?: boolean | undefined
  /** Is told about denied tokens and about a deny list that could not be asked. */
  onEvent?: ((event: RevocationEvent) => unknown) | undefined
}

/**
 * Creates an `onTokenValidated` handler that refuses revoked tokens, on every request.
 *
 * @throws {@link ConfigurationError} when an option is wrong, at once.
 *
 * @example Sign-out that takes effect at once
 * ```ts
 * app.use(jwtBearer({ authority, audience, events: { onTokenValidated: checkRevocation(denyList) } }))
 * ```
 */
export function checkRevocation(
  denyList: DenyList,
  options: RevocationCheckOptions = {},
): (context: TokenValidatedContext) => Promise<void> {
  const check = revocationCheck(denyList, options)
  return async (context) => {
    const verdict = await check(context.securityToken.payload)
    if (verdict === 'denied') context.fail(new TokenRevokedError())
    if (verdict === 'unavailable') context.fail(unavailable())
  }
}

/**
 * Creates a requirement that revoked tokens do not meet (403), for the routes where it matters: the
 * deny list is then asked nowhere else.
 *
 * @throws {@link ConfigurationError} when an option is wrong, at once.
 *
 * @example Money moves only for tokens that still count
 * ```ts
 * app.post('/transfers', authorize((policy) => policy.addRequirements(notRevoked(denyList))), transfer)
 * ```
 */
export function notRevoked(
  denyList: DenyList,
  options: RevocationCheckOptions = {},
): AuthorizationRequirement {
  const check = revocationCheck(denyList, options)
  return {
    name: 'notRevoked',
    async evaluate(context) {
      const verdict = await check(claimsOf(context))
      if (verdict === 'unavailable') throw unavailable()
      if (verdict === 'denied') context.fail('The token was revoked')
      return verdict === 'allowed'
    },
  }
}

// A list that is asked on every request must not hold all of them up.
const listLimit = 5

type Verdict = 'allowed' | 'denied' | 'unavailable'

function revocationCheck(
  denyList: DenyList,
  options: RevocationCheckOptions,
): (claims: JwtClaims) => Promise<Verdict> {
  checkMethods(denyList, 'denyList', ['isDenied'])
  checkNames(options, ['failClosed', 'onEvent'], 'the options of the revocation check')
  const failClosed = readFlag(options.failClosed, 'failClosed', false)
  const onEvent = readFunction(options.onEvent, 'onEvent')

  async function isDenied({ isSound, query, odd }: RevocationQuestion): Promise<boolean> {
    if (!isSound && failClosed) return true
    if (await denyList.isDenied(query)) return true
    for (const each of odd) {
      try {
        if (await denyList.isDenied(each)) return true
      } catch {
        // An engine that cannot look such an id up cannot have listed it either.
      }
    }
    return false
  }

  return async (claims) => {
    const question = readDenyQuery(claims)
    const { jti, sid, sub } = question.query
    const ids = { tokenId: jti, sessionId: sid, subject: sub }
    try {
      if (!(await within(listLimit, () => isDenied(question)))) return 'allowed'
    } catch (error) {
      notify(onEvent, { type: 'denyListUnavailable', ...ids, error })
      return failClosed ? 'unavailable' : 'allowed'
    }
    notify(onEvent, { type: 'denied', ...ids })
    return 'denied'
  }
}

// The token's own claims, whatever a schema or an event made of them. A guard judges a request.
function claimsOf({ user, resource }: AuthorizationContext): JwtClaims {
  const state = typeof resource === 'object' && resource !== null ? stateOf(resource) : undefined
  for (const { result } of state?.results ?? []) {
    const claims = result.kind === 'success' && result.principal === user && claimsOfToken(result)
    if (claims) return claims
  }
  return ownClaimsOf(user)
}

// Express answers with the status of an error that a requirement throws.
function unavailable(): MetadataUnavailableError & { readonly status: number } {
  return Object.assign(new MetadataUnavailableError('The deny list cannot be asked'), {
    status: 503,
  })
}
