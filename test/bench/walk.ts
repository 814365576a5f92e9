import type { NextFunction, Request, RequestHandler, Response } from 'express'

interface Walked {
  readonly headers: { readonly authorization: string }
  readonly rawHeaders: readonly string[]
  // Asked by those who also look into the body, or for proof of possession.
  readonly is: () => false
  readonly get: () => string
  readonly method: string
  readonly protocol: string
  readonly originalUrl: string
  user?: unknown
  /** Where some keep what others keep in `user`. */
  auth?: unknown
}

const is = () => false as const
const get = () => '127.0.0.1'

/** Puts `Authorization` headers through a middleware outside of HTTP; tells whether it found a caller. */
export function walkOf(
  middleware: RequestHandler,
): (authorization: string) => Promise<boolean> | boolean {
  return (authorization) => {
    const req: Walked = {
      headers: { authorization },
      rawHeaders: ['Host', '127.0.0.1', 'Authorization', authorization],
      is,
      get,
      method: 'GET',
      protocol: 'http',
      originalUrl: '/',
    }
    let accepted: boolean | undefined
    let arrived: ((accepted: boolean) => void) | undefined
    // Without a name of its own: the TypeScript runner would set it for every token anew.
    middleware(req as unknown as Request, response, ((error?: unknown) => {
      accepted = error === undefined && (req.user ?? req.auth) !== undefined
      arrived?.(accepted)
    }) as NextFunction)
    if (accepted !== undefined) return accepted
    return new Promise((resolve) => {
      arrived = resolve
    })
  }
}

// Nobody writes to it: what is measured here ends at next().
const response = Object.create(null) as Response

/** The header for a token, as one piece of text, like those that a server reads from the network. */
export function bearer(token: string): string {
  return Buffer.from(`Bearer ${token}`).toString('latin1')
}
