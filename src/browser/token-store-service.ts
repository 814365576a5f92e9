/** The answer to a sign-in or a refresh. */
export interface TokenResponse {
  readonly accessToken: string
  /**
   * How the token is sent.
   *
   * @defaultValue `'Bearer'`
   */
  readonly tokenType?: string | undefined
  /** Seconds until the access token is over. Without it nothing is refreshed ahead of time. */
  readonly expiresIn?: number | undefined
  /** Stays on the server: no answer to a browser holds it. */
  readonly refreshToken?: string | undefined
  /** The session at the issuer, which may end it from outside. */
  readonly sid?: string | undefined
  /** The user, as the issuer names them. */
  readonly sub?: string | undefined
  /** The ID token; where `sid` and `sub` are not given, they are read from it. Stays on the server. */
  readonly idToken?: string | undefined
}

/** Is told of a sign-in (the tokens) or a sign-out (nothing). */
export type LoginChangeListener = (tokens: TokenResponse | undefined) => void

/**
 * Keeps the tokens of one user, the same way on both sides: behind the sign-in cookie on the server,
 * in memory or browser storage in the page.
 */
export interface TokenStoreService {
  /** Reads the tokens; nothing when nobody is signed in. */
  get(): Promise<TokenResponse | undefined>
  /** Keeps the tokens of a user who has signed in. */
  set(tokens: TokenResponse): Promise<void>
  /** Forgets the tokens. */
  clear(): Promise<void>
  /**
   * Listens for sign-in and sign-out.
   *
   * @returns A function that stops listening.
   */
  subscribe(listener: LoginChangeListener): () => void
}
