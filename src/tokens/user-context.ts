import { AsyncLocalStorage } from 'node:async_hooks'
import type { RequestHandler } from 'express'
import type { Request, Response } from '../core/express.js'
import { checkNames, requireFunction } from '../core/option-checks.js'
import { checkUserKey, type UserKey } from './user-token.js'

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

// Weak, because a response that never got a connection, pipelined behind one that broke, is never closed.
const openRequests = new Set<WeakRef<Request>>()
const forgotten = new FinalizationRegistry<WeakRef<Request>>((request) => {
  openRequests.delete(request)
})
let isTracking = false

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
    if (isTracking) track(req, res)
    contexts.run({ req, user: () => user(req) }, next)
  }
}

function track(req: Request, res: Response): void {
  // Whoever hung up before will not hang up again.
  if (res.closed || req.socket.destroyed) return
  const request = new WeakRef(req)
  openRequests.add(request)
  forgotten.register(req, request)
  res.once('close', () => {
    openRequests.delete(request)
  })
}

/**
 * Runs a function for a user without a request: a job, a message of a WebSocket.
 *
 * @throws `TypeError` when the key names nobody.
 *
 * @example
 * ```ts
 * await runAsUser(job.user, () => ordersFetch('orders'))
 * ```
 */
export function runAsUser<T>(user: UserKey, work: () => T): T {
  checkUserKey(user)
  return contexts.run({ user: () => user }, work)
}

/**
 * Tells for whom the running code works; `undefined` outside of a request and of {@link runAsUser}.
 *
 * @throws `TypeError` when the `user` option of {@link userTokenContext} gave a key that names nobody.
 */
export function currentUser(): UserKey | undefined {
  const user = contexts.getStore()?.user() as UserKey | null | undefined
  if (user === undefined || user === null) return undefined
  checkUserKey(user)
  return user
}

/** The request that the running code belongs to. */
export function currentRequest(): Request | undefined {
  return contexts.getStore()?.req
}

/** Starts to keep account of requests in progress; without anybody who asks for them, it costs nothing. */
export function trackRequests(): void {
  isTracking = true
}

/** The requests that have not been answered to the end. */
export function requestsInProgress(): Request[] {
  return [...openRequests].map((request) => request.deref()).filter((req) => req !== undefined)
}
