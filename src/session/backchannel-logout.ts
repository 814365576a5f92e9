import type { DenyEntry } from '../core/deny-list.js'
import { CallerError, UnavailableError } from '../core/errors.js'
import type { Request, RequestHandler, Response } from '../core/express.js'
import { toDate } from '../core/validation/claims.js'
import { useOnce } from '../core/validation/use-once.js'
import { handOver } from '../internal/hand-over.js'
import { LruMap } from '../internal/lru-map.js'
import { within } from '../internal/time-limit.js'
import { storeLimit } from './limited-store.js'
import {
  resolveLogout,
  type BackchannelLogoutOptions,
  type LogoutSettings,
} from './logout-options.js'
import { readLogoutToken, type LogoutToken } from './logout-token.js'
import { readField } from './read-form.js'
import { appLimit } from './revoke.js'
import { unavailable } from './unavailable.js'

const longestBody = 16_384
const mostUsed = 1000
// Longer than any clock skew that an API may allow a token after its end.
const skewOfApis = 360

/**
 * Creates the handler that an issuer calls when a user has signed out there, or at another app (OpenID
 * Connect Back-Channel Logout 1.0): the user's sessions here end, and their access tokens stop.
 *
 * @remarks
 * A `POST` handler without cookies: the logout token is the credential. Access tokens stop through the deny
 * list, which needs their `sid` or `sub`.
 *
 * @param options - Whose logout tokens count, and what they end.
 * @throws {@link ConfigurationError} when the set-up could not work or would not be safe. This happens
 * while the app starts, never during a request.
 *
 * @example Sessions and access tokens
 * ```ts
 * app.post('/backchannel-logout', backchannelLogout({
 *   authority: 'https://issuer.example',
 *   clientId: 'shop-web',
 *   replayCache: createMemoryReplayCache(),
 *   store,
 *   denyList,
 * }))
 * ```
 */
export function backchannelLogout(options: BackchannelLogoutOptions): RequestHandler {
  const settings = resolveLogout(options)
  const end = endOnce(settings)

  async function answer(req: Request, res: Response): Promise<void> {
    const token = await tokenOf(req, res)
    const isAccepted = token !== undefined && (await end(token))
    if (res.headersSent) return
    if (isAccepted) res.status(200).end()
    else res.status(400).json({ error: 'invalid_request' })
  }

  async function tokenOf(req: Request, res: Response): Promise<LogoutToken | undefined> {
    const fields = await within(appLimit, () => readField(req, 'logout_token', longestBody)).catch(
      () => [],
    )
    const [raw] = fields
    if (fields.length !== 1 || typeof raw !== 'string') return undefined
    try {
      return await readLogoutToken(raw, { req, res }, settings)
    } catch (error) {
      if (error instanceof CallerError) return undefined
      throw error
    }
  }

  return (req, res, next) => {
    res.setHeader('Cache-Control', 'no-store')
    if (req.method !== 'POST') {
      res.setHeader('Allow', 'POST')
      res.status(405).end()
      return
    }
    answer(req, res).catch((cause: unknown) => {
      const error = later(cause)
      if (!res.headersSent) res.setHeader('Retry-After', String(error.retryAfter))
      handOver(error, res, next)
    })
  }
}

// Whatever it is that failed: the issuer shall try again, and nobody who was to be signed out is forgotten.
function later(cause: unknown): UnavailableError {
  const retryAfter = cause instanceof UnavailableError ? cause.retryAfter : undefined
  return unavailable('The sign-out cannot be carried out now', cause, retryAfter)
}

/** Ends what a token names, once; tells whether this was the time. Rejects where it must be tried again. */
function endOnce(settings: LogoutSettings): (token: LogoutToken) => Promise<boolean> {
  const { replayCache, clock, clockSkew } = settings
  const running = new Map<string, Promise<unknown>>()
  // The cache tells at the end alone, so that a failed sign-out can be tried again. Here it is known sooner.
  const used = new LruMap<string, number>(mostUsed)

  async function carryOut(token: LogoutToken): Promise<boolean> {
    await endAll(token, settings)
    const until = toDate(token.expiresAt + clockSkew)
    const isFirst = await useOnce(replayCache, 'backchannel-logout', token.name, until)
    used.set(token.name, until.getTime())
    return isFirst
  }

  return async (token) => {
    const { name } = token
    while (running.has(name)) await running.get(name)
    if ((used.get(name) ?? 0) > clock()) return false
    const work = carryOut(token).finally(() => running.delete(name))
    running.set(
      name,
      work.catch(() => undefined),
    )
    return work
  }
}

// All at once, and all of it, so that as much as possible ends even if one of them fails.
async function endAll(token: LogoutToken, settings: LogoutSettings): Promise<void> {
  const { sid, sub, issuedAt } = token
  const { store, denyList, onLogout } = settings
  const ends = await Promise.allSettled([
    denyList && within(storeLimit, () => denyList.deny(entryOf(token, settings))),
    store && within(storeLimit, () => endSessions(token, store)),
    onLogout && within(appLimit, () => onLogout({ sid, sub, issuedAt: toDate(issuedAt) })),
  ])
  const failed = ends.find((one) => one.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

function entryOf(
  { sid, sub, issuedAt }: LogoutToken,
  { accessTokenLifetime }: LogoutSettings,
): DenyEntry {
  const lifetime = accessTokenLifetime + skewOfApis
  return sid === undefined
    ? { kind: 'sub', id: sub as string, lifetime, notBefore: Math.floor(issuedAt) + 1 }
    : { kind: 'sid', id: sid, lifetime }
}

// An issuer's instants are whole seconds: what was opened in that second was opened before.
function endSessions(
  { sid, sub, issuedAt }: LogoutToken,
  store: NonNullable<LogoutSettings['store']>,
): Promise<number> {
  const openedBefore = toDate(Math.floor(issuedAt) + 1)
  return sid === undefined
    ? store.endBySub(sub as string, openedBefore)
    : store.endBySid(sid, openedBefore)
}
