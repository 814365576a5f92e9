import { describe, expect, test } from 'vitest'
import { runSnippet } from '../../support/run-snippet.js'
import { useSnippets } from '../../support/use-snippets.js'

describe('the snippets of examples/testing/README.md', () => {
  const take = useSnippets('examples/testing/README.md')

  test('test an API of three cases', async () => {
    const { exports } = await runSnippet(take('An API and its suite'), {})
    const cases = new Map<string, () => Promise<void>>()
    const vitest = { test: (name: string, body: () => Promise<void>) => cases.set(name, body) }
    await runSnippet(take('An API and its suite', 1), {}, { vitest, './app.js': exports })
    expect(cases.size).toBe(3)
    for (const run of cases.values()) await run()
  })

  test('make clients of bound tokens', async () => {
    const lines: unknown[][] = []
    const console = { log: (...words: unknown[]) => lines.push(words) }
    for (const heading of ['Bound tokens', 'Certificates']) {
      await runSnippet(take(heading), { console })
    }
    const dpop = {
      Authorization: expect.stringMatching(/^DPoP ey/) as string,
      DPoP: expect.stringMatching(/^ey/) as string,
    }
    expect(lines[0]).toEqual([expect.stringMatching(/^[\w-]{43}$/), dpop, dpop, dpop])
    expect(lines[1]).toEqual([
      {
        Authorization: expect.stringMatching(/^Bearer ey/) as string,
        'Client-Cert': expect.stringMatching(/^:MII.*:$/) as string,
      },
    ])
  })
})
