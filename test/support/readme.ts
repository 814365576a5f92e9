import { readFileSync } from 'node:fs'
import { parseMarkdown, type Page, type Table } from './markdown.js'

/** The README, taken apart. */
export const readme: Page = parseMarkdown(
  readFileSync(new URL('../../README.md', import.meta.url), 'utf8'),
)

/** Its snippets for users. */
export const snippets = readme.snippets.filter(({ language }) => language === 'ts')

/** Finds the n-th table below a heading. */
export function tableBelow(heading: string, index = 0): Table {
  const table = readme.tables.get(heading)?.[index]
  if (table === undefined) throw new Error(`The README has no table ${index} below "${heading}"`)
  return table
}

/** Options that the README describes ahead of the source. */
export const ahead: readonly string[] = [
  'authority',
  'metadataAddress',
  'jwksUri',
  'requireHttpsMetadata',
  'issuers',
  'refreshOnIssuerKeyNotFound',
  'automaticRefreshInterval',
  'refreshInterval',
  'lastKnownGoodLifetime',
  'backchannelTimeout',
  'fetch',
  'tokenCache',
]

/** Tells whether a snippet needs one of them. */
export function isAhead({ code }: { code: string }): boolean {
  return ahead.some((name) => new RegExp(`\\b${name}:`).test(code))
}
