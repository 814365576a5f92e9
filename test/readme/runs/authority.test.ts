import express from 'express'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import { describe, expect, test, vi } from 'vitest'
import { expectTrustIn, protect, trusted } from '../../support/guide-app.js'
import { runSnippet } from '../../support/run-snippet.js'
import { useSnippets } from '../../support/use-snippets.js'

describe('the snippets of examples/authority/README.md', () => {
  const take = useSnippets('examples/authority/README.md')

  test('trust an authority', async () => {
    await expectTrustIn(take('One authority'))
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
