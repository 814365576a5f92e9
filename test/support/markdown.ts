/** A fenced block of code, and where it stands. */
interface Snippet {
  readonly language: string
  readonly heading: string
  readonly code: string
}

/** A table without its heading row: the text of each cell. */
export type Table = readonly (readonly string[])[]

/** A page taken apart, as far as its tests need it. */
export interface Page {
  readonly headings: readonly string[]
  readonly snippets: readonly Snippet[]
  /** The tables below each heading, in order. */
  readonly tables: ReadonlyMap<string, readonly Table[]>
  /** Where links lead. */
  readonly links: readonly string[]
}

/** Takes a page apart line by line. */
export function parseMarkdown(text: string): Page {
  const headings: string[] = []
  const snippets: Snippet[] = []
  const tables = new Map<string, string[][][]>()
  let heading = ''
  let fence: { language: string; lines: string[] } | undefined
  let table: string[][] | undefined

  for (const line of text.split('\n')) {
    const opening = /^```(\w*)$/.exec(line)?.[1]
    if (fence !== undefined && line !== '```') {
      fence.lines.push(line)
    } else if (fence !== undefined) {
      snippets.push({ language: fence.language, heading, code: fence.lines.join('\n') })
      fence = undefined
    } else if (opening !== undefined) {
      fence = { language: opening, lines: [] }
    } else if (line.startsWith('#')) {
      heading = line.replace(/^#+ /, '')
      headings.push(heading)
    } else if (line.startsWith('|')) {
      if (table === undefined) {
        table = []
        tables.set(heading, [...(tables.get(heading) ?? []), table])
      }
      table.push(cellsOf(line))
    }
    if (!line.startsWith('|')) table = undefined
  }

  return {
    headings,
    snippets,
    // The first two rows are the heading and the rule below it.
    tables: new Map([...tables].map(([name, all]) => [name, all.map((rows) => rows.slice(2))])),
    links: [...text.matchAll(/\]\((?<target>[^)]+)\)/g)].map(({ groups }) =>
      String(groups?.['target']),
    ),
  }
}

function cellsOf(line: string): string[] {
  return line
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim())
}

/** Reads what stands in code spans. */
export function codesIn(cell: string): readonly string[] {
  return [...cell.matchAll(/`(?<code>[^`]+)`/g)].map(({ groups }) => String(groups?.['code']))
}

/** Makes the anchor that a heading gets on a page. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .replaceAll(' ', '-')
}
