import type { AppUser, AuthState } from '../browser/auth-state.js'
import type { Request } from '../core/express.js'
import { ClaimTypes, type ClaimsPrincipal } from '../core/claims-principal.js'
import { outageOf } from './outage.js'
import { markPrivate } from './private-response.js'
import { sessionOf } from './request-session.js'

/**
 * Says who is signed in, for the page that is being rendered: the user and the claims that
 * `createSession()` lists. The answer becomes private and is not stored by any cache.
 *
 * While the session cannot be read or its token not be judged, nobody can tell who is signed in: the
 * state has no `user` then, and the page's own code asks again until somebody can.
 *
 * @param req - A request that has passed `session.middleware` and `jwtBearer()`.
 * @throws {@link ConfigurationError} when `session.middleware` did not run before.
 *
 * @example
 * ```ts
 * const state = authState(req)
 * res.send(page(state.user, renderAuthState(state)))
 * ```
 */
export function authState(req: Request): AuthState {
  const { settings, tokens } = sessionOf(req)
  if (req.res !== undefined) markPrivate(req.res)
  const { user } = req
  if (user === undefined) {
    // Not signed out: nobody can tell.
    if (outageOf(req) !== undefined) return { version: 1, claims: {} }
    return { version: 1, user: null, claims: {} }
  }
  const { exp } = user.claims
  const expiresIn =
    exp === undefined ? undefined : Math.max(0, Math.floor(exp - settings.clock() / 1000))
  return {
    version: 1,
    user: appUser(user),
    claims: pick(user, settings.claims),
    ...(expiresIn === undefined ? {} : { expiresIn }),
    ...(settings.exposeAccessToken && tokens !== undefined
      ? { accessToken: tokens.accessToken }
      : {}),
  }
}

function appUser(user: ClaimsPrincipal): AppUser {
  const first = (...types: string[]): string | undefined =>
    types.map((type) => user.findFirst(type)).find((value) => value !== undefined)
  return {
    id: first('sub', ClaimTypes.NameIdentifier) ?? '',
    email: first('email', ClaimTypes.Email),
    firstName: first('given_name', ClaimTypes.GivenName),
    lastName: first('family_name', ClaimTypes.Surname),
    roles: user.roles,
  }
}

function pick({ claims }: ClaimsPrincipal, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    names.filter((name) => Object.hasOwn(claims, name)).map((name) => [name, claims[name]]),
  )
}
