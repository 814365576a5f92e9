import { ConfigurationError } from '../core/errors.js'
import type { TokenValidationParameters } from '../core/validation/parameters.js'
import {
  developmentIssuerName,
  developmentKeyFolder,
  readDevelopmentKey,
  type DevelopmentKey,
  type DevelopmentKeyError,
} from '../internal/development-key.js'

/**
 * Trusts the tokens that `npx express-jwt-bearer create` makes for this project. Spread it into the options
 * of {@link jwtBearer} while you develop.
 *
 * @returns The issuer's name and the public key, as options.
 * @throws {@link ConfigurationError} when `NODE_ENV` is `production`, and when the project has no development
 * key yet or a damaged one. This happens while the app starts.
 *
 * @example An app on a developer's machine
 * ```ts
 * app.use(jwtBearer({ audience: 'api://orders', ...developmentIssuer() }))
 * ```
 */
export function developmentIssuer(): { tokenValidationParameters: TokenValidationParameters } {
  const { env } = process
  if (env['NODE_ENV'] === 'production') {
    throw new ConfigurationError(
      'developmentIssuer() must not be used in production: whoever has the development key could sign in as anybody. Set "authority" there',
    )
  }
  const key = keyOf(developmentKeyFolder({ env, cwd: process.cwd() }))
  if (key === undefined) {
    throw new ConfigurationError(
      'this project has no development key yet; "npx express-jwt-bearer create" makes it, and a token',
    )
  }
  return {
    tokenValidationParameters: {
      validIssuer: developmentIssuerName,
      issuerSigningKey: key.publicJwk,
    },
  }
}

function keyOf(folder: string): DevelopmentKey | undefined {
  try {
    return readDevelopmentKey(folder)
  } catch (error) {
    throw new ConfigurationError((error as DevelopmentKeyError).message)
  }
}
