/** The person who is signed in, as a page may show them. */
export interface AppUser {
  readonly id: string
  readonly email?: string | undefined
  readonly firstName?: string | undefined
  readonly lastName?: string | undefined
  /** Empty when the token names no role. */
  readonly roles: readonly string[]
}

/** What the server tells a page about its user. It never holds a refresh token. */
export interface AuthState {
  /** Version of this format. */
  readonly version: 1
  /** The user, or `null` when nobody is signed in. Absent during an outage: nobody can tell then. */
  readonly user?: AppUser | null | undefined
  /** The claims that the app chose to show; nothing else of the token. */
  readonly claims: Readonly<Record<string, unknown>>
  /** Seconds until the access token is over; a duration, so that the clock of the browser does not matter. */
  readonly expiresIn?: number | undefined
  /** The access token, only where the app chose to hand it to the page. */
  readonly accessToken?: string | undefined
}

/** The state of a page that nobody is signed in to. */
export const signedOutState: AuthState = { version: 1, user: null, claims: {} }

/** Tells whether a value is a state this version understands. */
export function isAuthState(value: unknown): value is AuthState {
  return (value as AuthState | null | undefined)?.version === 1
}
