import type { ChallengeContext } from '../events.js'
import { formatChallenge } from './www-authenticate.js'

/** Writes the `WWW-Authenticate` lines that a context stands for, an event's changes included. */
export function challengeLines(context: ChallengeContext): readonly string[] {
  const { error, errorDescription, errorUri, scope, acrValues, maxAge, resourceMetadata } = context
  const { realm } = context.options
  return [
    formatChallenge({
      realm,
      error,
      errorDescription,
      errorUri,
      scope,
      acrValues,
      maxAge,
      resourceMetadata,
    }),
  ]
}
