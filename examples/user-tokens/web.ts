import { createServer } from 'node:http'
import { join } from 'node:path'
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import { sameOriginGuard } from 'express-jwt-bearer/session'
import { fingerprint, TokenUnavailableError, userTokenContext } from 'express-jwt-bearer/tokens'
import { pushWeather } from './live.js'
import { listen, setting } from './part.js'
import { readCookies, readSession } from './session.js'
import { signIn } from './sign-in.js'
import { providerSignOut } from './sign-out.js'
import { tokens, weather } from './tokens.js'

const app = express()
app.disable('x-powered-by')
app.use(protectPage(setting('ISSUER')))
app.use(express.static(join(import.meta.dirname, 'public')))
app.post('/backchannel-logout', providerSignOut)
app.use(readCookies, userTokenContext({ user: readSession }))
app.use(signIn)

app.get('/me', async (req, res) => {
  const user = readSession(req)
  const token = user && (await tokens.getAccessToken(user))
  const isSignedIn = token?.kind === 'success' || token?.error.code.endsWith('_unavailable')
  res.set('Cache-Control', 'no-store').json(isSignedIn ? { name: user?.subject } : {})
})

// Within a request nobody says whose token it is: the context knows.
app.get('/weather', async (_req, res) => {
  const response = await weather('weather')
  res
    .status(response.status)
    .set('Cache-Control', 'no-store')
    .json(await response.json())
})

app.post('/renew', sameOriginGuard(), async (req, res) => {
  const user = readSession(req)
  if (!user) throw new TokenUnavailableError('no_session')
  const result = await tokens.getAccessToken(user, { forceRenewal: true })
  if (result.kind === 'failure') throw result.error
  res.json({ token: fingerprint(result.accessToken), expiration: result.expiration })
})

app.use(((error: unknown, req, res, next) => {
  if (res.headersSent) {
    next(error)
    return
  }
  if (req.path === '/callback') {
    res.redirect('/?problem=sign-in')
    return
  }
  const code = error instanceof TokenUnavailableError ? error.code : 'server_error'
  const mustSignIn = code === 'no_session' || code === 'refresh_rejected'
  res.status(mustSignIn ? 401 : code === 'server_error' ? 500 : 503).json({ code })
}) satisfies ErrorRequestHandler)

const server = createServer(app)
pushWeather(server)
listen(server)

// The sign-out form ends at the identity provider, by a redirect.
function protectPage(issuer: string): RequestHandler {
  const policy = `default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; form-action 'self' ${issuer}; base-uri 'none'; frame-ancestors 'none'`
  return (_req, res, next) => {
    res.set({
      'Content-Security-Policy': policy,
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'same-origin',
    })
    next()
  }
}
