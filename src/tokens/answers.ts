import { fail, succeed, type AccessTokenResult } from './access-token-result.js'
import { fingerprint } from './fingerprint.js'
import type { TokenParameters } from './token-client.js'
import type { TokenEventHandler } from './token-events.js'
import { findAccessToken, isAlive, isFresh, nameOfParameters } from './token-record.js'
import {
  TokenUnavailableError,
  type TokenUnavailableCode,
  type TokenUnavailableDetails,
} from './token-unavailable-error.js'
import type { StoredUserToken } from './user-token-store.js'
import type { AccessToken, UserKey } from './user-token.js'

/** One question for a user's access token. */
export interface Question {
  readonly user: UserKey
  readonly parameters: TokenParameters
  /** A token that must not be the answer, because an API refused it or a new one is wanted. */
  readonly refused: string | undefined
}

/** What a question can be answered with, given what the store holds. */
export interface Answers {
  /** The answer that needs no issuer; `undefined` if the token must be renewed. */
  settle(stored: StoredUserToken): AccessTokenResult | undefined
  /** The old token for as long as it works; `undefined` when there is none. */
  stillGood(stored: StoredUserToken): AccessTokenResult | undefined
  /** The answer while the issuer cannot be asked: the old token for as long as it works. */
  makeDo(stored: StoredUserToken, details: TokenUnavailableDetails): AccessTokenResult
  /** The answer that there is no token. */
  failure(code: TokenUnavailableCode, details?: TokenUnavailableDetails): AccessTokenResult
}

/** Creates the answers to one question. */
export function createAnswers(
  { user, parameters, refused }: Question,
  settings: { buffer: number; clock: () => number; onEvent: TokenEventHandler },
): Answers {
  const { buffer, clock, onEvent } = settings
  const name = nameOfParameters(parameters)

  function find({ token }: StoredUserToken): AccessToken | undefined {
    const found = findAccessToken(token, name)
    return found?.accessToken === refused ? undefined : found
  }

  function failure(
    code: TokenUnavailableCode,
    details: TokenUnavailableDetails = {},
  ): AccessTokenResult {
    onEvent({
      kind: 'tokenFailed',
      user: fingerprint(user),
      code,
      terminal: code === 'no_session' || code === 'refresh_rejected',
      oauthError: details.oauthError,
    })
    return fail(new TokenUnavailableError(code, details))
  }

  function stillGood(stored: StoredUserToken): AccessTokenResult | undefined {
    const found = find(stored)
    return found && isAlive(found, clock()) ? succeed(found) : undefined
  }

  return {
    settle(stored) {
      const found = find(stored)
      if (found && isFresh(found, buffer, clock())) return succeed(found)
      if (stored.token.refreshToken !== undefined) return undefined
      return stillGood(stored) ?? failure('refresh_rejected')
    },
    stillGood,
    makeDo: (stored, details) => stillGood(stored) ?? failure('refresh_unavailable', details),
    failure,
  }
}
