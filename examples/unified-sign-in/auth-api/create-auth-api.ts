import { STATUS_CODES } from 'node:http'
import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import { createTokenIssuer } from 'express-jwt-bearer/issuer'
import { readLogin } from '../shared/models.js'
import { forecast } from './forecast.js'
import { limitGuesses } from './limit-guesses.js'
import { createUserTable, type NewUser } from './users.js'

/** How the API is set up. */
export interface AuthApiOptions {
  /** Where the API will be found; the `iss` of its tokens. */
  readonly url: string
  readonly users: readonly NewUser[]
  readonly accessTokenLifetime: number
}

/** Creates the API that signs users in and has the weather for those who are. */
export async function createAuthApi(options: AuthApiOptions): Promise<Express> {
  const { url, users, accessTokenLifetime } = options
  const table = await createUserTable(users)
  const issuer = createTokenIssuer({
    issuer: url,
    audience: 'api://weather',
    accessTokenLifetime,
    clockSkew: 0,
  })
  const app = express().disable('x-powered-by')
  app.use(issuer.routes(), express.json(), jwtBearer(issuer.bearerOptions()))

  app.post('/tokens/create', limitGuesses(), async (req, res) => {
    const login = readLogin(req.body)
    const user = login && (await table.verify(login.email, login.password))
    if (user === undefined) {
      res.status(400).type('application/problem+json')
      res.send({ title: 'The email address or the password is wrong', status: 400 })
      return
    }
    const { id, email, firstName, lastName, roles } = user
    // Unlike `iat`, the time of the sign-in stays what it is when the token is refreshed.
    const auth_time = Math.floor(Date.now() / 1000)
    const claims = { email, given_name: firstName, family_name: lastName, roles, auth_time }
    res.set('Cache-Control', 'no-store').json(await issuer.issue(id, claims))
  })

  app.post('/tokens/refresh', async (req, res) => {
    const result = await issuer.refresh(tokenIn(req.body))
    if (result.kind === 'success') res.set('Cache-Control', 'no-store').json(result.tokens)
    else res.status(400).type('application/problem+json').send({ title: result.error, status: 400 })
  })

  app.post('/tokens/logout', async (req, res) => {
    await issuer.revoke(tokenIn(req.body))
    res.status(204).end()
  })

  app.get('/weatherforecast', authorize(), (_req, res) => {
    res.json(forecast(new Date()))
  })
  app.use(answerProblem)
  return app
}

// Express knows an error handler by its four parameters.
function answerProblem(error: unknown, _req: Request, res: Response, next: NextFunction): void {
  if (res.headersSent) {
    next(error)
    return
  }
  const { status = 500, headers = {} } = error as {
    readonly status?: number
    readonly headers?: Readonly<Record<string, string | string[]>>
  }
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
  res.status(status).type('application/problem+json')
  res.send({ title: STATUS_CODES[status], status })
}

function tokenIn(body: unknown): string {
  const { refreshToken } = (body ?? {}) as { readonly refreshToken?: unknown }
  return typeof refreshToken === 'string' ? refreshToken : ''
}
