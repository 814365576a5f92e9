/** A fenced block of code, and where it stands. */
export interface Snippet {
  readonly language: string
  readonly heading: string
  readonly code: string
}

/** The rows of a table: the text of each cell. */
export type Rows = readonly (readonly string[])[]

/** A table, and where it stands. */
interface Table {
  readonly heading: string
  readonly head: readonly string[]
  readonly rows: Rows
}

/** A page taken apart, as far as its tests need it. */
export interface Page {
  readonly text: string
  readonly headings: readonly string[]
  readonly snippets: readonly Snippet[]
  readonly tables: readonly Table[]
  /** Where links and pictures lead. */
  readonly links: readonly string[]
}

/** Takes a page apart line by line. */
export function parseMarkdown(text: string): Page {
  const headings: string[] = []
  const snippets: Snippet[] = []
  const tables: { heading: string; lines: string[] }[] = []
  const prose: string[] = []
  let heading = ''
  let fence: { language: string; lines: string[] } | undefined
  let isTable = false

  for (const line of text.split('\n')) {
    const opening = /^```(\w*)$/.exec(line)?.[1]
    const wasTable = isTable
    isTable = fence === undefined && line.startsWith('|')
    if (fence !== undefined && line !== '```') {
      fence.lines.push(line)
      continue
    }
    if (fence !== undefined) {
      snippets.push({ language: fence.language, heading, code: fence.lines.join('\n') })
      fence = undefined
    } else if (opening !== undefined) {
      fence = { language: opening, lines: [] }
    } else if (/^\s*(?:```|~~~)/.test(line)) {
      throw new Error(`A snippet that nobody would check: ${line}`)
    } else if (line.startsWith('#')) {
      heading = line.replace(/^#+ /, '')
      headings.push(heading)
    } else if (isTable) {
      if (!wasTable) tables.push({ heading, lines: [] })
      tables.at(-1)?.lines.push(line)
    }
    prose.push(line)
  }

  return {
    text,
    headings,
    snippets,
    tables: tables.map(({ heading: above, lines: [head = '', , ...rows] }) => ({
      heading: above,
      head: cellsOf(head),
      rows: rows.map(cellsOf),
    })),
    links: [...prose.join('\n').matchAll(/\]\((?<target>[^)]+)\)/g)].map(({ groups }) =>
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

/** Reads the first code span of each row's first cell. */
export function firstCodes(rows: Rows): readonly string[] {
  return rows.flatMap(([cell = '']) => codesIn(cell).slice(0, 1))
}

/** Makes the anchors that the headings of a page get. */
export function anchorsOf({ headings }: Page): readonly string[] {
  const seen = new Map<string, number>()
  return headings.map((heading) => {
    const anchor = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_\s-]/gu, '')
      .replaceAll(' ', '-')
    const times = seen.get(anchor) ?? 0
    seen.set(anchor, times + 1)
    return times === 0 ? anchor : `${anchor}-${times}`
  })
}
