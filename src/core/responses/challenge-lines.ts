import { BearerRequestError } from '../errors.js'
import type { ChallengeContext } from '../events.js'
import { offeredSchemes, offeredTo } from './offered-schemes.js'
import { formatChallenge } from './www-authenticate.js'

/**
 * Writes the `WWW-Authenticate` lines that a context stands for, an event's changes included: one for each kind
 * of credentials that is read. What is wrong is said to the kind that the caller came with.
 */
export function challengeLines(context: ChallengeContext): readonly string[] {
  const { error, errorDescription, errorUri, scope, acrValues, maxAge, resourceMetadata } = context
  const { options, credentials, principal, authenticateFailure } = context
  const shared = { realm: options.realm, scope, resourceMetadata }
  const own = { ...shared, error, errorDescription, errorUri, acrValues, maxAge }
  const addressed = offeredTo(options, credentials).word
  // A known caller goes on with the credentials it has.
  const offered =
    principal === undefined ? offeredSchemes(options) : [offeredTo(options, credentials)]
  // RFC 9449 section 7.2: what breaks the grammar is a fault in the sight of both.
  const isMalformed = authenticateFailure instanceof BearerRequestError
  return offered.map(({ word, algs }) =>
    formatChallenge({ ...(isMalformed || word === addressed ? own : shared), algs }, word),
  )
}
