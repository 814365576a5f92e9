// How do I keep the token in a cookie and send people without one to a login page?
//
//   npm run example cookie-login
//
// A browser sends a cookie along with requests that other sites start, too. SameSite=Lax keeps it out of
// those that change something; an API that must live without it needs a CSRF check of its own.

import { createSecretKey, randomBytes } from 'node:crypto'
import cookieParser from 'cookie-parser'
import express, { type Express } from 'express'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import { SignJWT } from 'jose'
import { listen } from './listen.js'

const key = createSecretKey(randomBytes(32))
const issuer = 'https://shop.example'
const audience = 'https://shop.example/pages'
const oneHour = 3600

export function createApp(): Express {
  const app = express()
  app.use(cookieParser())
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
    // The form has no action, so it goes back to this address, ReturnUrl included.
    res.send('<form method="post"><button>Log in as Alice</button></form>')
  })
  app.post('/login', async (req, res) => {
    res.cookie('auth', await issueToken('alice'), {
      httpOnly: true,
      sameSite: 'lax',
      secure: req.secure,
      maxAge: oneHour * 1000,
    })
    res.redirect(303, localPath(req.query['ReturnUrl']))
  })
  app.post('/logout', (_req, res) => {
    res.clearCookie('auth').redirect(303, '/login')
  })
  app.get('/', authorize(), (req, res) => {
    res.json({ hello: req.user?.subject })
  })
  return app
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

if (process.argv[1] === import.meta.filename) await listen(createApp())
