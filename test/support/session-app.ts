import express, { type Express } from 'express'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import {
  authState,
  createSession,
  loginRedirect,
  type Session,
  type SessionOptions,
} from 'express-jwt-bearer/session'
import { createTestIssuer } from 'express-jwt-bearer/testing'

export const cookieName = '__Host-Http-session'

export const issuer = await createTestIssuer()

/** An access token of the user these tests sign in. */
export function accessToken(expiresIn = 600, claims = {}): Promise<string> {
  return issuer.token(
    { sub: 'alice', email: 'alice@example.com', jti: crypto.randomUUID(), ...claims },
    { expiresIn },
  )
}

/** What a login of these tests gives. */
export async function signIn(expiresIn = 600) {
  return { accessToken: await accessToken(expiresIn), expiresIn, refreshToken: 'refresh-0' }
}

/** An app with a session, an API and a page. */
export function sessionApp(
  options: Partial<SessionOptions> = {},
  make: typeof express = express,
): {
  readonly app: Express
  readonly session: Session
} {
  const session = createSession({
    login: (credentials) =>
      (credentials as { password?: string } | undefined)?.password === 'right'
        ? signIn()
        : undefined,
    ...options,
  })
  const app = make()
  app.use(express.json(), session.middleware)
  app.use(
    jwtBearer({
      ...issuer.options,
      ...(options.clock === undefined ? {} : { clock: options.clock }),
      tokenValidationParameters: { ...issuer.options.tokenValidationParameters, clockSkew: 0 },
      events: { onMessageReceived: session.onMessageReceived, onChallenge: loginRedirect() },
    }),
  )
  app.use(session.routes)
  app.all('/api', authorize(), (req, res) => {
    res.json({ subject: req.user?.subject })
  })
  app.get('/page', (req, res) => {
    res.json(authState(req))
  })
  app.get('/public', (_req, res) => {
    res.send('public')
  })
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- Express counts the parameters.
  app.use(((error, _req, res, _next) => {
    const { status = 500, message } = error as { status?: number; message: string }
    res.status(status).set((error as { headers?: Record<string, string> }).headers ?? {})
    res.json({ message })
  }) as express.ErrorRequestHandler)
  return { app, session }
}

/** The cookies that an answer sets, whole lines. */
export function setCookies(response: { headers: unknown }): readonly string[] {
  return (response.headers as Record<string, readonly string[] | undefined>)['set-cookie'] ?? []
}

/** The `Cookie` header that a browser would send after an answer. */
export function cookieOf(response: { headers: unknown }): string {
  return (setCookies(response)[0] ?? '').split(';', 1)[0] ?? ''
}
