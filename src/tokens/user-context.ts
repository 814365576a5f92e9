import { AsyncLocalStorage } from 'node:async_hooks'
import type { RequestHandler } from 'express'
import type { Request } from '../core/express.js'
import { checkNames, requireFunction } from '../core/option-checks.js'
import type { UserKey } from './user-token.js'

/** What {@link userTokenContext} accepts. */
export interface UserTokenContextOptions {
  /** Tells whose tokens the request may use; asked each time, so that a sign-in within the request counts. */
  user: (req: Request) => UserKey | undefined
}

interface Context {
  readonly req?: Request
  readonly user: () => UserKey | undefined
}

const contexts = new AsyncLocalStorage<Context>()
const openRequests = new Set<Request>()

/**
 * Creates a middleware that remembers the user for everything a request does, so that the `fetch` of
 * `createUserFetch()` knows whom it calls for.
 *
 * Mount it behind the session and the body parsers, which may leave the request's context.
 *
 * @throws {@link ConfigurationError} when an option is wrong, at once.
 *
 * @example
 * ```ts
 * app.use(userTokenContext({ user: (req) => req.session.user }))
 * ```
 */
export function userTokenContext(options: UserTokenContextOptions): RequestHandler {
  checkNames(options, ['user'], 'the options of userTokenContext()')
  const { user } = options
  requireFunction(user, 'user')
  return (req, res, next) => {
    openRequests.add(req)
    res.once('close', () => openRequests.delete(req))
    contexts.run({ req, user: () => user(req) }, next)
  }
}

/**
 * Runs a function for a user without a request: a job, a message of a WebSocket.
 *
 * @example
 * ```ts
 * await runAsUser(job.user, () => ordersFetch('orders'))
 * ```
 */
export function runAsUser<T>(user: UserKey, work: () => T): T {
  return contexts.run({ user: () => user }, work)
}

/** Tells for whom the running code works; `undefined` outside of a request and of {@link runAsUser}. */
export function currentUser(): UserKey | undefined {
  return contexts.getStore()?.user()
}

/** The request that the running code belongs to. */
export function currentRequest(): Request | undefined {
  return contexts.getStore()?.req
}

/** The requests that have not been answered to the end. */
export function requestsInProgress(): Iterable<Request> {
  return openRequests
}
