import type { JwtBearerEvents } from '../events.js'
import type { JwtClaims } from '../principal.js'
import type { TokenValidationParameters } from '../validation/parameters.js'

/** What `jwtBearer()` accepts. `undefined` always means the default. */
export interface JwtBearerOptions<TClaims = JwtClaims> {
  /**
   * Name of this configuration, for guards that ask for one of several. The header's prefix is always `Bearer`.
   *
   * @defaultValue `'Bearer'`
   */
  scheme?: string | undefined
  /** The audience or audiences a token may be meant for; one of them is enough. */
  audience?: string | readonly string[] | undefined
  /** What makes a token good. */
  tokenValidationParameters?: TokenValidationParameters<TClaims> | undefined
  /** Hooks into the walk. */
  events?: JwtBearerEvents | undefined
  /**
   * Whether the raw token is kept on the result of {@link getAuthentication}.
   *
   * @defaultValue `true`
   */
  saveToken?: boolean | undefined
  /**
   * Whether challenges say what was wrong, in `error` and `error_description`.
   *
   * @defaultValue `true`
   */
  includeErrorDetails?: boolean | undefined
  /** The `realm` parameter of challenges (RFC 9110 section 11.5). */
  realm?: string | undefined
  /**
   * How many characters a token may have; a longer one is refused before any decoding.
   *
   * @defaultValue `16384`
   */
  maxTokenLength?: number | undefined
  /**
   * Gives the time in milliseconds since the epoch.
   *
   * @defaultValue `Date.now`
   */
  clock?: (() => number) | undefined
}
