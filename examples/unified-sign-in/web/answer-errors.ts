import type { NextFunction, Request, Response } from 'express'
import { safeReturnUrl } from 'express-jwt-bearer/session'
import { TokenRefusedError } from './auth-api-client.js'
import { sendPage } from './send-page.js'

/** Answers what went wrong: an error handler, which Express knows by its four parameters. */
export function handleError(error: unknown, req: Request, res: Response, next: NextFunction): void {
  if (res.headersSent) {
    next(error)
    return
  }
  if (error instanceof TokenRefusedError) {
    askToSignIn(req, res)
    return
  }
  const { status = 500 } = error as { readonly status?: number }
  if (status === 503) {
    console.error((error as Error).message)
    res.set('Retry-After', '5')
  } else if (status >= 500) console.error(error)
  const title = status === 503 ? 'Please try again in a moment' : 'Something went wrong'
  sendMessage(req, res.status(status), { title, text: 'The page could not be shown.' })
}

// As loginRedirect() does where there was no token at all.
function askToSignIn(req: Request, res: Response): void {
  if (isForPrograms(req) || req.accepts(['json', 'html']) !== 'html') {
    res.status(401).set('WWW-Authenticate', 'Bearer error="invalid_token"')
    sendProblem(res, 'Unauthorized')
    return
  }
  const returnUrl = safeReturnUrl(req.originalUrl, { deny: ['/login'] })
  res.redirect(303, `/login?ReturnUrl=${encodeURIComponent(returnUrl)}`)
}

const isForPrograms = (req: Request): boolean => /^\/(?:api|tokens|me)(?:\/|$)/.test(req.path)

/** Says something in place of the page that was asked for. A program gets JSON, never a page. */
export function sendMessage(
  req: Request,
  res: Response,
  message: { readonly title: string; readonly text: string },
): void {
  if (!isForPrograms(req)) {
    sendPage(req, res, { name: 'message', ...message })
    return
  }
  sendProblem(res, message.title)
}

function sendProblem(res: Response, title: string): void {
  res.set({ 'Cache-Control': 'private, no-store' }).vary('Cookie')
  res.type('application/problem+json')
  res.send(JSON.stringify({ title, status: res.statusCode }))
}
