import { afterAll, afterEach, expect, vi } from 'vitest'
import { snippetsOf } from './guides.js'

/**
 * Hands out the snippets of a guide to the tests of a `describe`, which must run every one of them. What they
 * change of the world around them is put back.
 *
 * @returns Finds the n-th snippet below a heading.
 */
export function useSnippets(path: string): (heading: string, index?: number) => string {
  const { take, rest } = snippetsOf(path)
  afterEach(() => {
    vi.unstubAllEnvs()
    vi.unstubAllGlobals()
    vi.restoreAllMocks()
  })
  afterAll(() => {
    expect(rest()).toEqual([])
  })
  return take
}
