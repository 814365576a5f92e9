import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import { authorize, getAuthentication, jwtBearer } from 'express-jwt-bearer'
import {
  createSession,
  loginRedirect,
  safeReturnUrl,
  sameOriginGuard,
} from 'express-jwt-bearer/session'
import { readLogin } from '../shared/models.js'
import { serveAssets } from './assets.js'
import { createAuthApiClient } from './auth-api-client.js'
import { sendPage } from './send-page.js'

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

  app.get('/', (req, res) => {
    sendPage(req, res, { name: 'home' })
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
    sendPage(req, res, { name: 'weather', forecasts: await weather(tokenOf(req)) })
  })

  app.get('/api/weather', authorize(), async (req, res) => {
    res.json(await weather(tokenOf(req)))
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

// Express knows an error handler by its four parameters.
function handleError(error: unknown, req: Request, res: Response, next: NextFunction): void {
  if (res.headersSent) {
    next(error)
    return
  }
  const { status = 500 } = error as { readonly status?: number }
  if (status >= 500) console.error(error)
  const title = status === 503 ? 'Please try again in a moment' : 'Something went wrong'
  sendMessage(req, res.status(status), { title, text: 'The page could not be shown.' })
}

// A program gets JSON, never a page.
function sendMessage(
  req: Request,
  res: Response,
  message: { readonly title: string; readonly text: string },
): void {
  if (!/^\/(?:api|tokens|me)(?:\/|$)/.test(req.path)) {
    sendPage(req, res, { name: 'message', ...message })
    return
  }
  res.set({ 'Cache-Control': 'private, no-store' }).vary('Cookie')
  res.type('application/problem+json')
  res.send(JSON.stringify({ title: message.title, status: res.statusCode }))
}
