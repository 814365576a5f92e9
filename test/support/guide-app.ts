import type { Express, RequestHandler } from 'express'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import request from 'supertest'

/** Whom the snippets of the guides trust, and for which API. */
export const trusted = { issuer: 'https://issuer.example', audience: 'api://orders' }

/** An issuer whose tokens the snippets accept, and the options for it that they borrow. */
export const issuer = await createTestIssuer(trusted)
export const { options } = issuer

/** What the snippets sell. */
export const orders = [{ owner: 'alice' }]

/** Finds out who calls, for snippets that begin after that. */
export function mount(app: Express): void {
  app.use(jwtBearer(options))
}

/** Puts a guard and a route behind what a snippet mounted; gives back a way to send it a token. */
export function protect(app: Express): (token: string) => Promise<number> {
  const answer: RequestHandler = (_req, res) => void res.sendStatus(200)
  app.use(authorize(), answer)
  return async (token) => (await request(app).get('/').auth(token, { type: 'bearer' })).status
}
