import { randomUUID } from 'node:crypto'
import { Router, type CookieOptions } from 'express'
import { sameOriginGuard } from 'express-jwt-bearer/session'
import * as oidc from 'openid-client'
import { setting } from './part.js'
import { providerSessions } from './provider-sessions.js'
import { clearSession, readSession, writeSession } from './session.js'
import { issuer, tokens } from './tokens.js'

interface Checks {
  readonly verifier: string
  readonly state: string
  readonly nonce: string
}

const attributes: CookieOptions = {
  httpOnly: true,
  sameSite: 'lax',
  signed: true,
  path: '/callback',
  maxAge: 600_000,
}
const home = setting('URL')

/** Sign-in and sign-out with `openid-client`; the tokens go to the manager and nowhere else. */
export const signIn: Router = Router()

// An answer that sets somebody's cookie must never be kept for somebody else.
signIn.use(['/login', '/callback', '/logout'], (_req, res, next) => {
  res.set('Cache-Control', 'no-store')
  next()
})

signIn.get('/login', async (_req, res) => {
  const checks: Checks = {
    verifier: oidc.randomPKCECodeVerifier(),
    state: oidc.randomState(),
    nonce: oidc.randomNonce(),
  }
  const url = oidc.buildAuthorizationUrl(issuer, {
    redirect_uri: `${home}/callback`,
    scope: 'openid offline_access weather.read',
    prompt: 'login',
    state: checks.state,
    nonce: checks.nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(checks.verifier),
    code_challenge_method: 'S256',
  })
  res.cookie('checks', JSON.stringify(checks), attributes).redirect(url.href)
})

signIn.get('/callback', async (req, res) => {
  const saved: unknown = (req.signedCookies as Record<string, unknown>)['checks']
  if (typeof saved !== 'string') {
    res.redirect('/login')
    return
  }
  const checks = JSON.parse(saved) as Checks
  const response = await oidc.authorizationCodeGrant(issuer, new URL(req.originalUrl, home), {
    pkceCodeVerifier: checks.verifier,
    expectedState: checks.state,
    expectedNonce: checks.nonce,
  })
  const user = await tokens.onTokens(response, { sessionId: randomUUID() })
  // The provider names the session that somebody ends there.
  const sid = response.claims()?.['sid']
  if (typeof sid === 'string') await providerSessions.add(sid, user)
  writeSession(res, user)
  res.clearCookie('checks', attributes).redirect('/')
})

// Another site must not be able to sign people out.
signIn.post('/logout', sameOriginGuard(), async (req, res) => {
  const user = readSession(req)
  const { idToken } = user ? await tokens.signOut(user) : {}
  clearSession(res)
  if (idToken === undefined) {
    res.redirect(303, '/')
    return
  }
  const end = oidc.buildEndSessionUrl(issuer, {
    id_token_hint: idToken,
    post_logout_redirect_uri: `${home}/`,
  })
  res.redirect(303, end.href)
})
