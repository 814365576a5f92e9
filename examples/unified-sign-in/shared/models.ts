/** What the login form sends. */
export interface LoginInput {
  readonly email: string
  readonly password: string
}

/** One day of the forecast. */
export interface WeatherForecast {
  /** Day in the form `2026-01-31`. */
  readonly date: string
  readonly temperatureC: number
  readonly summary: string
}

/** What is where of a sign-in: names, times and the first digits of hashes. */
export interface SessionFacts {
  readonly cookie: { readonly name: string; readonly begins: string }
  readonly access: { readonly hash: string; readonly until: string }
  readonly refresh: { readonly hash: string }
  /** Seconds for which access tokens are issued, and what is left of this one's. */
  readonly lifetime: number
  readonly secondsLeft: number
  readonly signedInAt: string
  /** When the token was refreshed last. */
  readonly refreshedAt: string | undefined
}

/** What the server hands to a page besides the user: everything that its component needs. */
export type PageData =
  | { readonly name: 'home'; readonly session: SessionFacts | undefined }
  | {
      readonly name: 'login'
      readonly returnUrl: string
      readonly email: string
      readonly hasFailed: boolean
    }
  | { readonly name: 'weather'; readonly forecasts: readonly WeatherForecast[] }
  | { readonly name: 'message'; readonly title: string; readonly text: string }

/** Reads what a login form sent; anything else is no login. */
export function readLogin(body: unknown): LoginInput | undefined {
  const { email, password } = (body ?? {}) as Partial<Record<string, unknown>>
  if (typeof email !== 'string' || typeof password !== 'string') return undefined
  // Hashing takes longer the more there is to hash.
  if (email.length > 254 || password.length > 1024) return undefined
  return { email: email.trim(), password }
}
