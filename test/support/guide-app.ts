import express, { type Express, type RequestHandler } from 'express'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import request from 'supertest'
import { expect, vi } from 'vitest'
import { runSnippet } from './run-snippet.js'

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

/** Runs a snippet that trusts the issuer by its address, and tries it: with the issuer there, and without. */
export async function expectTrustIn(code: string): Promise<void> {
  vi.stubGlobal('fetch', issuer.fetch)
  const app = express()
  await runSnippet(code, { app })
  const status = protect(app)
  const known = await issuer.token()
  expect(await status(known)).toBe(200)
  expect(await status(await issuer.wrongAudience())).toBe(401)
  vi.stubGlobal('fetch', () => Promise.reject(new Error('unreachable')))
  const unknown = await (await createTestIssuer(trusted)).token()
  expect([await status(known), await status(unknown)]).toEqual([200, 503])
}
