/** An access token and what is known about it. */
export interface AccessToken {
  /** The token itself. A secret: never log it. */
  readonly accessToken: string
  /** How the token is presented, as the issuer named it; `Bearer` when the issuer said nothing. */
  readonly accessTokenType?: string | undefined
  /** When the token stops working. Unknown when the issuer did not say. */
  readonly expiration?: Date | undefined
  /** When the token was received: tells how long it lives, so that a short-lived one is not renewed at every call. */
  readonly issuedAt?: Date | undefined
  /** The granted scopes, separated by spaces. */
  readonly scope?: string | undefined
}

/**
 * Everything a session holds: the access token of the sign-in, and the refresh token that it shares
 * with the access tokens for other scopes and resources.
 */
export interface UserToken extends AccessToken {
  /** Gets new access tokens. Many issuers accept each one once. */
  readonly refreshToken?: string | undefined
  /** Says who signed in; the `id_token_hint` of a sign-out at the issuer. */
  readonly idToken?: string | undefined
  /** Access tokens for other scopes and resources, by an opaque name that the token manager chooses. */
  readonly accessTokens?: Readonly<Record<string, AccessToken>> | undefined
}

/** Says whose tokens are meant: one session of one user, with or without a request at hand. */
export interface UserKey {
  /** The user, usually the `sub` of the ID token. */
  readonly subject: string
  /** The user's session, so that two browsers of one user never share tokens. */
  readonly sessionId: string
}

/**
 * Refuses a key that names nobody: everybody without a session would share its tokens.
 *
 * @throws `TypeError` when a part is missing, empty or no text.
 */
export function checkUserKey(user: UserKey): void {
  const { subject, sessionId } = (user ?? {}) as Partial<UserKey>
  if ([subject, sessionId].every((part) => typeof part === 'string' && part !== '')) return
  throw new TypeError('A user key needs a "subject" and a "sessionId", each a non-empty text')
}

/** Writes a user's tokens as text, for stores that keep text. The text is as secret as the tokens. */
export function formatUserToken(token: UserToken): string {
  return JSON.stringify(token)
}

/** Reports a record that holds no tokens, so that no later read will find any in it. */
export class UnreadableTokenError extends TypeError {}

/**
 * Reads what {@link formatUserToken} wrote, instants as `Date` again.
 *
 * @throws `TypeError` when the text is something else. The message never quotes it.
 */
export function parseUserToken(text: string): UserToken {
  let value: unknown
  try {
    value = JSON.parse(text, (name, field: unknown) =>
      instants.has(name) && typeof field === 'string' ? new Date(field) : field,
    )
  } catch {
    throw new UnreadableTokenError('The stored user token is not JSON')
  }
  if (!isUserToken(value)) {
    throw new UnreadableTokenError('The stored user token has no "accessToken"')
  }
  return value
}

const instants = new Set(['expiration', 'issuedAt'])

function isUserToken(value: unknown): value is UserToken {
  return typeof (value as Partial<UserToken> | null)?.accessToken === 'string'
}
