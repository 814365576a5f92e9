import express from 'express'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { issuer, protect, trusted } from '../../support/guide-app.js'
import { snippetsOf } from '../../support/guides.js'
import { runSnippet } from '../../support/run-snippet.js'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

describe('the snippets of examples/authority/README.md', () => {
  const { take, rest } = snippetsOf('examples/authority/README.md')
  afterAll(() => {
    expect(rest()).toEqual([])
  })

  test('trust an authority', async () => {
    vi.stubGlobal('fetch', issuer.fetch)
    const app = express()
    await runSnippet(take('One authority'), { app })
    const status = protect(app)
    const known = await issuer.token()
    expect(await status(known)).toBe(200)
    expect(await status(await issuer.wrongAudience())).toBe(401)
    vi.stubGlobal('fetch', () => Promise.reject(new Error('unreachable')))
    const unknown = await (await createTestIssuer(trusted)).token()
    expect([await status(known), await status(unknown)]).toEqual([200, 503])
  })

  test('judge a token with a new key in the request that brings it', async () => {
    const rotating = await createTestIssuer(trusted)
    vi.stubGlobal('fetch', rotating.fetch)
    const app = express()
    await runSnippet(take('One authority'), { app })
    const status = protect(app)
    const old = await rotating.token()
    expect(await status(old)).toBe(200)
    await rotating.rotateKeys()
    expect(await status(await rotating.token())).toBe(200)
    expect(await status(old)).toBe(401)
  })

  test('fail at start-up when the authority cannot be reached', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new Error('unreachable')))
    const start = runSnippet(take('One authority'), { app: express() })
    await expect(start).rejects.toMatchObject({ code: 'ERR_METADATA_UNAVAILABLE' })
  })

  test('trust several issuers, each for its own tokens', async () => {
    const [customers, staff] = await Promise.all(
      ['https://customers.example', 'https://staff.example'].map((name) =>
        createTestIssuer({ ...trusted, issuer: name }),
      ),
    )
    if (customers === undefined || staff === undefined) throw new Error('two issuers were made')
    const fetchEither: typeof fetch = (input) =>
      new Request(input).url.startsWith(staff.issuer) ? staff.fetch(input) : customers.fetch(input)
    vi.stubGlobal('fetch', fetchEither)
    const app = express()
    await runSnippet(take('Several issuers'), { app })
    const status = protect(app)
    expect(await status(await customers.token())).toBe(200)
    expect(await status(await staff.token())).toBe(200)
    expect(await status(await staff.token({ iss: customers.issuer }))).toBe(401)
  })
})
