// How do I keep the token in a cookie and send people without one to a login page?
//
//   npm run example cookie-login
//
// A browser sends a cookie along with requests that other sites start, too. SameSite=Lax keeps it out of
// those that change something, and the guard refuses the forms that other sites send without it.

import { createSecretKey, randomBytes, timingSafeEqual } from 'node:crypto'
import { join } from 'node:path'
import cookieParser from 'cookie-parser'
import express, { type Express } from 'express'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import { sameOriginGuard } from 'express-jwt-bearer/session'
import { SignJWT } from 'jose'
import { announce } from './shared/announce.js'
import { homePage, loginPage, protectPages } from './cookie-login/pages.js'
import { listen } from './listen.js'

const key = createSecretKey(randomBytes(32))
const issuer = 'https://shop.example'
const audience = 'https://shop.example/pages'
const oneHour = 3600

// Yours are in a database, each as a hash.
const passwords = new Map([
  ['alice', 'wonderland'],
  ['bob', 'builder'],
])

export function createApp(): Express {
  const app = express()
  app.get('/style.css', (_req, res) => {
    res.sendFile(join(import.meta.dirname, 'cookie-login/style.css'))
  })
  app.use(protectPages, cookieParser())
  app.use(
    jwtBearer({
      audience,
      tokenValidationParameters: { validIssuer: issuer, issuerSigningKey: key },
      events: {
        onMessageReceived: (context) => {
          context.token = context.req.cookies['auth']
        },
        onChallenge: (context) => {
          context.handleResponse()
          context.res.redirect('/login?ReturnUrl=' + encodeURIComponent(context.req.originalUrl))
        },
      },
    }),
  )

  app.get('/login', (_req, res) => {
    res.send(loginPage({ users: passwords }))
  })
  app.post('/login', sameOriginGuard(), express.urlencoded(), async (req, res) => {
    const { name, password } = (req.body ?? {}) as Record<string, unknown>
    if (!isPassword(name, password)) {
      res.status(401).send(
        loginPage({
          users: passwords,
          hasFailed: true,
          name: typeof name === 'string' ? name : '',
        }),
      )
      return
    }
    res.cookie('auth', await issueToken(name), {
      httpOnly: true,
      sameSite: 'lax',
      secure: req.secure,
      maxAge: oneHour * 1000,
    })
    res.redirect(303, localPath(req.query['ReturnUrl']))
  })
  app.post('/logout', sameOriginGuard(), (_req, res) => {
    res.clearCookie('auth').redirect(303, '/login')
  })
  app.get('/', authorize(), (req, res) => {
    const { subject: name = '' } = req.user ?? {}
    const expiresAt = new Date(Number(req.user?.claims.exp) * 1000)
    res.format({
      json: () => res.json({ hello: name }),
      html: () => res.send(homePage({ name, expiresAt })),
    })
  })
  return app
}

function isPassword(name: unknown, password: unknown): name is string {
  if (typeof name !== 'string' || typeof password !== 'string') return false
  const expected = Buffer.from(passwords.get(name) ?? '')
  const given = Buffer.from(password)
  return expected.length > 0 && expected.length === given.length && timingSafeEqual(expected, given)
}

function issueToken(subject: string): Promise<string> {
  return new SignJWT()
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(subject)
    .setExpirationTime(`${oneHour}s`)
    .sign(key)
}

// Whoever made the link to the login page must not choose another site to land on.
function localPath(returnUrl: unknown): string {
  const here = 'http://here'
  if (typeof returnUrl !== 'string' || !URL.canParse(returnUrl, here)) return '/'
  const { origin, pathname, search } = new URL(returnUrl, here)
  return origin === here && !pathname.startsWith('//') ? pathname + search : '/'
}

if (process.argv[1] === import.meta.filename) {
  const url = await listen(createApp())
  announce({
    users: [...passwords]
      .map(([name, password]) => `${name} with the password ${password}`)
      .join(', '),
    tries: [
      [
        '200: alice, by the cookie that the login form gives',
        `-L -b '' ${url}/login -d 'name=alice&password=wonderland'`,
      ],
      ['302: nobody in particular is led to the login', url],
    ],
  })
}
