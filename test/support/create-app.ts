import express5, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import express4 from 'express4'
import request from 'supertest'
import { expect } from 'vitest'

/** The two frameworks, for `describe.each`. */
export const frameworks = [
  { framework: 'Express 4', express: express4 },
  { framework: 'Express 5', express: express5 },
]

/** An app whose middleware stands in front of one handler that says who calls. */
export function createApp(express: typeof express5, ...middleware: RequestHandler[]): Express {
  const app = express()
  for (const handler of middleware) app.use(handler)
  return app.all('/', (req, res) => {
    res.json({ user: req.user?.subject ?? null })
  })
}

/** What an error handler of a user's own is handed. */
export interface HandedError extends Error {
  status?: number
  code?: string
  expose?: boolean
  headers?: Record<string, string | string[]>
}

/** Sends a request that must meet a wrong set-up, and tells what the app's error handler was told. */
export async function setUpFault(app: Express, headers: Record<string, string>): Promise<string> {
  const errors = keepErrors(app)
  await request(app).get('/').set(headers).expect(500)
  expect(errors[0]).toMatchObject({ code: 'ERR_CONFIGURATION' })
  return errors[0]?.message ?? ''
}

/** Adds an error handler such as users write, and keeps what it was handed. */
export function keepErrors(app: Express): HandedError[] {
  const errors: HandedError[] = []
  const handler: ErrorRequestHandler = (error: HandedError, _req, res, next) => {
    errors.push(error)
    if (res.headersSent) next(error)
    else res.status(error.status ?? 500).json({ code: error.code })
  }
  app.use(handler)
  return errors
}
