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
