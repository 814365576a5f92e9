import express, { type Express, type Request, type Response } from 'express'
import { authorize, getAuthentication, jwtBearer } from 'express-jwt-bearer'
import {
  createSession,
  loginRedirect,
  safeReturnUrl,
  sameOriginGuard,
} from 'express-jwt-bearer/session'
import { readLogin, type SessionFacts, type WeatherForecast } from '../shared/models.js'
import { handleError, sendMessage } from './answer-errors.js'
import { serveAssets } from './assets.js'
import { createAuthApiClient, TokenRefusedError } from './auth-api-client.js'
import { sendPage } from './send-page.js'
import { sessionFacts } from './session-facts.js'

/** How the web application is set up. */
export interface WebAppOptions {
  readonly authApiUrl: string
  /** For browsers that refuse `Secure` cookies on http://localhost; anyone on the way could read them. */
  readonly insecureCookie: boolean
}

/** Creates the web application: pages rendered here and taken over by the same components in the browser. */
export async function createWebApp(options: WebAppOptions): Promise<Express> {
  const { authApiUrl, insecureCookie } = options
  const { weather, ...account } = createAuthApiClient(authApiUrl)
  const session = createSession({ ...account, insecureCookie })

  // A token looks good from here until it is over; the API may know better, and then nobody is signed in.
  async function weatherFor(req: Request, res: Response): Promise<readonly WeatherForecast[]> {
    const token = tokenOf(req)
    try {
      return await weather(token)
    } catch (error) {
      const store = session.tokenStore(req, res)
      // A program that brought a token of its own says nothing about the sign-in in its cookie.
      const isOurs =
        error instanceof TokenRefusedError && (await store.get())?.accessToken === token
      if (isOurs) await store.clear()
      throw error
    }
  }

  const app = express().disable('x-powered-by')
  // In front of the session: whoever leaves waits for no fresh token.
  app.post('/logout', sameOriginGuard(), async (req, res) => {
    await session.tokenStore(req, res).clear()
    res.redirect(303, '/')
  })

  // The session first: whatever happens to a request afterwards, its answer can be rendered as the user.
  app.use(await serveAssets(), session.middleware, express.json())
  app.use(
    jwtBearer({
      authority: authApiUrl,
      // The API listens on this machine alone.
      requireHttpsMetadata: false,
      audience: 'api://weather',
      tokenValidationParameters: { clockSkew: 0 },
      events: { onMessageReceived: session.onMessageReceived, onChallenge: loginRedirect() },
    }),
  )
  app.use(session.routes)

  const factsFor = async (req: Request, res: Response): Promise<SessionFacts | undefined> =>
    // While nobody can tell who is signed in, the page is rendered without.
    sessionFacts(
      req,
      await session
        .tokenStore(req, res)
        .get()
        .catch(() => undefined),
    )

  app.get('/', async (req, res) => {
    sendPage(req, res, { name: 'home', session: await factsFor(req, res) })
  })

  app.get('/api/session', authorize(), async (req, res) => {
    const facts = await factsFor(req, res)
    if (facts !== undefined) res.json(facts)
    else sendMessage(req, res.status(404), { title: 'No sign-in by cookie', text: '' })
  })

  app.get('/login', (req, res) => {
    const returnUrl = safeReturnUrl(returnUrlIn(req.query))
    sendPage(req, res, { name: 'login', returnUrl, email: '', hasFailed: false })
  })

  // The forms work before the page's script has loaded, and without it.
  app.post('/login', sameOriginGuard(), express.urlencoded(), async (req, res) => {
    const returnUrl = safeReturnUrl(returnUrlIn(req.body))
    const login = readLogin(req.body)
    const tokens = login && (await account.login(login))
    if (tokens === undefined) {
      const { email = '' } = login ?? {}
      sendPage(req, res.status(401), { name: 'login', returnUrl, email, hasFailed: true })
      return
    }
    await session.tokenStore(req, res).set(tokens)
    res.redirect(303, returnUrl)
  })

  app.get('/weather', authorize(), async (req, res) => {
    sendPage(req, res, { name: 'weather', forecasts: await weatherFor(req, res) })
  })

  app.get('/api/weather', authorize(), async (req, res) => {
    res.json(await weatherFor(req, res))
  })

  app.use((req, res) => {
    const text = 'There is no page at this address.'
    sendMessage(req, res.status(404), { title: 'Not found', text })
  })
  app.use(handleError)
  return app
}

// People and other programs write "returnUrl" too; several values are as good as none.
function returnUrlIn(values: unknown): unknown {
  const given = Object.entries((values ?? {}) as Record<string, unknown>).filter(
    ([name]) => name.toLowerCase() === 'returnurl',
  )
  return given.length === 1 ? given[0]?.[1] : undefined
}

function tokenOf(req: Request): string {
  const authentication = getAuthentication(req)
  return authentication.kind === 'success' ? (authentication.token ?? '') : ''
}
