import { json, Router, type RequestHandler } from 'express'
import { createCallers, signClaims, type Sources } from './tokens.js'

/**
 * Hands out tokens, signs what the page asks for and makes proofs: what issuers and clients do, and an API
 * never does.
 *
 * @param url - Where the API is called, which proofs name.
 */
export function createDemo(url: string, sources: Sources): Router {
  const callers = createCallers(sources)
  return Router()
    .use(neverStored, json({ limit: '8kb' }))
    .get('/tokens/:caller', async (req, res) => {
      const token = await callers.get(req.params.caller)?.()
      if (token === undefined) res.status(404).json({ error: 'Not Found' })
      else res.type('text').send(token)
    })
    .post('/tokens', async (req, res) => {
      const claims = req.body as unknown
      if (isObject(claims)) res.type('text').send(await signClaims(sources.issuer, claims))
      else res.status(400).json({ error: 'The claims must be a JSON object' })
    })
    .post('/proofs', async (req, res) => {
      const { token, method, path } = isObject(req.body) ? req.body : {}
      if (!isText(token) || !isText(method) || !isText(path) || !path.startsWith('/'))
        res.status(400).json({ error: 'A proof is for a token, a method and a path' })
      else res.type('text').send(await sources.client.proof(method, url + path, token))
    })
}

const neverStored: RequestHandler = (_req, res, next) => {
  res.set('Cache-Control', 'no-store')
  next()
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
