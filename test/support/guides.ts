import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseMarkdown, type Page, type Rows, type Snippet } from './markdown.js'

const root = new URL('../../', import.meta.url)

const paths = [
  'README.md',
  '.github/CONTRIBUTING.md',
  '.github/SECURITY.md',
  ...readdirSync(fileURLToPath(new URL('examples', root)), { recursive: true })
    .map((path) => `examples/${String(path).replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.md') && !path.includes('/node_modules/'))
    .sort(),
]

/** The README, the guides beside the examples and those for who carries on, by their path from the root. */
export const guides: ReadonlyMap<string, Page> = new Map(
  paths.map((path) => [path, parseMarkdown(readFileSync(new URL(path, root), 'utf8'))]),
)

/** Finds a guide. */
export function guide(path: string): Page {
  const found = guides.get(path)
  if (found === undefined) throw new Error(`There is no guide ${path}`)
  return found
}

/** Finds the rows of the n-th table below a heading. */
export function rowsBelow(path: string, heading: string, index = 0): Rows {
  const table = guide(path).tables.filter((one) => one.heading === heading)[index]
  if (table === undefined) throw new Error(`${path} has no table ${index} below "${heading}"`)
  return table.rows
}

/**
 * Hands out the TypeScript of a guide, to be run.
 *
 * @returns `take`, which finds the n-th snippet below a heading, and `rest`, which tells what was never taken.
 */
export function snippetsOf(path: string) {
  const all = guide(path).snippets.filter(({ language }) => language === 'ts')
  const taken = new Set<Snippet>()
  return {
    take: (heading: string, index = 0): string => {
      const found = all.filter((one) => one.heading === heading)[index]
      if (found === undefined) throw new Error(`${path} has no snippet ${index} below "${heading}"`)
      taken.add(found)
      return found.code
    },
    rest: () => all.filter((one) => !taken.has(one)),
  }
}
