import express, { type Express, type Request, type Response } from 'express'
import { createAuthorization, jwtBearer } from 'express-jwt-bearer'
import { checkRevocation, type DenyList, type IssuerEvent } from 'express-jwt-bearer/issuer'
import type { Issuers } from './issuers.js'
import type { Passwords } from './passwords.js'
import { checkBody, notFound, onError, Problem, readBody } from './problems.js'
import type { RateLimits } from './rate-limits.js'
import { credentials, presentedToken, registration, type Credentials } from './schemas.js'
import type { User, Users } from './users.js'

export interface Parts {
  readonly users: Users
  readonly passwords: Passwords
  readonly issuers: Issuers
  readonly denyList: DenyList
  readonly failClosed: boolean
  readonly limits: RateLimits
  readonly onEvent: (event: IssuerEvent) => void
}

const claimsOf = ({ roles }: Pick<User, 'roles'>) => ({ roles })

/** The routes. Everything that fails is answered as problem details. */
export function createApp(parts: Parts): Express {
  const { users, passwords, issuers, denyList, failClosed, limits, onEvent } = parts
  const { authorize } = createAuthorization({
    policies: { AdminOnly: (policy) => policy.requireRole('Admin') },
  })
  const onTokenValidated = checkRevocation(denyList, { failClosed, onEvent })

  const app = express()
  app.disable('x-powered-by').disable('etag')
  app.use((req, res, next) => {
    issuers.of(req).routes()(req, res, next)
  })
  app.use((_req, res, next) => {
    res.setHeader('Cache-Control', 'no-store')
    next()
  })
  app.use(express.json({ limit: '16kb' }))
  app.use(jwtBearer({ ...issuers.bearerOptions(), events: { onTokenValidated } }))

  app.post('/account/register', limits.register, async (req, res) => {
    const { password, ...given } = readBody(registration, req.body)
    const passwordHash = await passwords.hash(password)
    const user = await users.add({ ...given, roles: ['User'], passwordHash })
    if (user === undefined) throw new Problem(409, 'The e-mail address is taken')
    res.status(201).json(user)
  })

  const signIn = [limits.caller, checkBody(credentials), limits.account]
  app.post('/account/login', signIn, async (req: Request, res: Response) => {
    const { email, password } = req.body as Credentials
    const user = await users.byEmail(email)
    const matches = await passwords.matches(password, user?.passwordHash)
    if (user === undefined || !matches) throw new Problem(400, 'The e-mail or password is wrong')
    const meta = { device: req.get('User-Agent')?.slice(0, 200) ?? 'unknown' }
    res.json(await issuers.of(req).issue(user.id, claimsOf(user), { meta }))
  })

  app.post('/account/refresh', limits.refresh, async (req, res) => {
    const { refreshToken } = readBody(presentedToken, req.body)
    const result = await issuers.of(req).refresh(refreshToken, {
      // A changed role takes effect with the next token; a deleted user gets none.
      claims: async ({ subject }) => {
        const user = await users.byId(subject)
        return user && claimsOf(user)
      },
    })
    if (result.kind === 'refused') {
      throw new Problem(400, 'The refresh token is not valid', { error: result.error })
    }
    res.json(result.tokens)
  })

  app.post('/account/logout', async (req, res) => {
    const { refreshToken } = readBody(presentedToken, req.body)
    await issuers.of(req).revoke(refreshToken)
    res.status(204).end()
  })

  app.post('/account/logout-everywhere', authorize(), async (req, res) => {
    await issuers.of(req).revokeSubject(String(req.user?.subject))
    res.status(204).end()
  })

  app.get('/account/sessions', authorize(), async (req, res) => {
    const sessions = await issuers.of(req).sessions(String(req.user?.subject))
    const mine = req.user?.findFirst('sid')
    res.json(
      sessions.map(({ id, createdAt, lastUsedAt, expiresAt, meta }) => ({
        id,
        createdAt,
        lastUsedAt,
        expiresAt,
        device: meta['device'],
        current: id === mine,
      })),
    )
  })

  app.get('/account/me', authorize(), async (req, res) => {
    const user = await users.byId(String(req.user?.subject))
    if (user === undefined) throw new Problem(404, 'The user does not exist any more')
    res.json(user)
  })

  app.get('/admin/users', authorize('AdminOnly'), async (_req, res) => {
    res.json(await users.all())
  })

  app.use(notFound)
  app.use(onError)
  return app
}
