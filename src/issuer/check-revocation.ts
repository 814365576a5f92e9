import type { AuthorizationRequirement } from '../core/authorization/requirement.js'
import { MetadataUnavailableError } from '../core/errors.js'
import { TokenRevokedError } from '../core/token-errors.js'
import type { TokenValidatedContext } from '../core/events.js'
import { checkMethods, checkNames, readFlag, readFunction } from '../core/option-checks.js'
import type { DenyList, DenyQuery } from './deny-list.js'
import { notify, type RevocationEvent } from './events.js'

/** What {@link checkRevocation} and {@link notRevoked} accept. */
export interface RevocationCheckOptions {
  /**
   * Whether callers are refused with 503 while the deny list cannot be asked.
   *
   * @remarks Off, a revoked token works as long as the deny list is down, until it expires. On, nobody
   * gets in as long as it is down.
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
      const { user } = context
      const iat = user.findFirst('iat')
      const verdict = await check({
        jti: user.findFirst('jti'),
        sid: user.findFirst('sid'),
        sub: user.subject,
        iat: iat === undefined ? undefined : Number(iat),
      })
      if (verdict === 'unavailable') throw unavailable()
      if (verdict === 'denied') context.fail('The token was revoked')
      return verdict === 'allowed'
    },
  }
}

type Verdict = 'allowed' | 'denied' | 'unavailable'

function revocationCheck(
  denyList: DenyList,
  options: RevocationCheckOptions,
): (token: DenyQuery) => Promise<Verdict> {
  checkMethods(denyList, 'denyList', ['isDenied'])
  checkNames(options, ['failClosed', 'onEvent'], 'the options of the revocation check')
  const failClosed = readFlag(options.failClosed, 'failClosed', false)
  const onEvent = readFunction(options.onEvent, 'onEvent')
  return async (token) => {
    const ids = { tokenId: token.jti, sessionId: token.sid, subject: token.sub }
    try {
      if (!(await denyList.isDenied(token))) return 'allowed'
    } catch (error) {
      notify(onEvent, { type: 'denyListUnavailable', ...ids, error })
      return failClosed ? 'unavailable' : 'allowed'
    }
    notify(onEvent, { type: 'denied', ...ids })
    return 'denied'
  }
}

// Express answers with the status of an error that a requirement throws.
function unavailable(): MetadataUnavailableError & { readonly status: number } {
  return Object.assign(new MetadataUnavailableError('The deny list cannot be asked'), {
    status: 503,
  })
}
