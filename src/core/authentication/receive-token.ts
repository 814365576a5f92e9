import type { EventOutcome, Exchange } from '../event-context.js'
import { MessageReceivedContext } from '../events.js'
import { TokenMalformedError } from '../token-errors.js'
import type { Walk } from '../walk.js'
import { andThen, type MaybePromise } from '../../internal/maybe-promise.js'
import { readToken, type AuthenticationRequest } from './read-token.js'
import { requestView } from './request-view.js'
import type { AuthenticationScheme } from './scheme.js'

/**
 * Reads the token of a request, and lets an event name another one or decide at once.
 *
 * @returns The token to check, nothing, or what the event decided; malformed credentials are thrown.
 */
export function receiveToken(
  scheme: AuthenticationScheme,
  walk: Walk,
): MaybePromise<string | EventOutcome | undefined> {
  const { events, cache, grammars } = scheme
  const header = readToken(sourceOf(walk), cache, grammars, walk)
  // Malformed credentials stay malformed, so that no second reader can take them for something else.
  const sent = header instanceof Error ? undefined : header
  if (events.onMessageReceived === undefined) {
    if (header instanceof Error) throw header
    return header
  }
  const context = new MessageReceivedContext(walk, sent)
  return andThen(events.onMessageReceived(context), () => {
    if (context.outcome !== undefined) return context.outcome
    if (header instanceof Error) throw header
    return tokenOf(context.token, sent, scheme, walk)
  })
}

// Express's requests are Node's; anything else is brought into their form.
function sourceOf({ req, res }: Exchange): AuthenticationRequest {
  return res === undefined ? requestView(req) : (req as AuthenticationRequest)
}

function tokenOf(
  token: unknown,
  sent: string | undefined,
  { grammars }: AuthenticationScheme,
  walk: Walk,
): string | undefined {
  if (token === undefined || token === null || token === '' || token === sent) return sent
  // Whatever an event brings is a bearer token, which is another scheme's where none is read.
  walk.credentials = undefined
  if (!grammars.some(({ word }) => word === 'Bearer')) return undefined
  walk.credentials = 'Bearer'
  if (typeof token !== 'string') throw new TokenMalformedError()
  return token
}
