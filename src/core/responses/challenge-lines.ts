import { BearerRequestError } from '../errors.js'
import type { EventOptions } from '../event-context.js'
import type { ChallengeContext } from '../events.js'
import { offeredSchemes, offeredTo, type OfferedScheme } from './offered-schemes.js'
import { formatChallenge } from './www-authenticate.js'

/** What a challenge says, and to whom. */
export type Said = Partial<
  Pick<
    ChallengeContext,
    | 'authenticateFailure'
    | 'error'
    | 'errorDescription'
    | 'errorUri'
    | 'scope'
    | 'acrValues'
    | 'maxAge'
    | 'resourceMetadata'
    | 'principal'
    | 'credentials'
  >
>

/**
 * Writes the `WWW-Authenticate` lines of a challenge: one for each kind of credentials that is read. What is wrong
 * is said to the kind that the caller came with.
 */
export function challengeLines(options: EventOptions, said: Said): readonly string[] {
  const offered = offeredSchemes(options)
  const addressed = offeredTo(offered, said.credentials)
  // RFC 9449 section 7.2: what breaks the grammar is a fault in the sight of both.
  const isMalformed = said.authenticateFailure instanceof BearerRequestError
  return offered
    .filter((one) => said.principal === undefined || one === addressed)
    .map((one) => line(options, one, said, isMalformed || one === addressed))
}

function line(
  { realm }: EventOptions,
  { word, algs }: OfferedScheme,
  said: Said,
  isAddressed: boolean,
): string {
  const { scope, resourceMetadata } = said
  if (!isAddressed) return formatChallenge({ realm, scope, algs, resourceMetadata }, word)
  const { error, errorDescription, errorUri, acrValues, maxAge } = said
  return formatChallenge(
    { realm, error, errorDescription, errorUri, scope, acrValues, maxAge, algs, resourceMetadata },
    word,
  )
}
