import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { chartOf } from './chart.js'
import { verdictOf, type Measured, type Row } from './measure.js'

export function printTable(rows: readonly Row[]): void {
  for (const row of rows) {
    const [section, what, unit, ours, target, limit, verdict, peers = ''] = cellsOf(row)
    console.log(
      `${section} · ${what} (${unit}): ${ours}  target ${target}, limit ${limit}  ${verdict}`,
    )
    if (peers !== '') console.log(`    ${peers.replaceAll('<br>', '\n    ')}`)
  }
}

/** Writes `report.md` and the charts beside it. */
export function writeReport(rows: readonly Row[], quick: boolean): void {
  const header = ['part', 'what', 'unit', 'ours', 'target', 'limit', 'verdict', 'others']
  const table = [header, header.map(() => '---'), ...rows.map(cellsOf)]
  const report = [
    '# Benchmark report',
    '',
    `Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}.`,
    ...(quick ? ['A quick run: few rounds, one algorithm over HTTP.'] : []),
    'Medians over interleaved rounds, lowest and highest in brackets; shares and factors are taken round by round.',
    'Repeat with `npm run bench`; the libraries compared and their versions are in `package.json` beside this file.',
    'What changed in new tokens and refusals, function by function: [before and after](before-and-after.md).',
    '',
    '![Requests per second as a share of bare Express](report.svg)',
    '',
    ...table.map((cells) => `| ${cells.join(' | ')} |`),
    '',
  ].join('\n')
  writeFileSync(new URL('report.md', import.meta.url), report)
  const shares = rows.filter(({ section }) => section === 'HTTP')
  writeFileSync(new URL('report.svg', import.meta.url), chartOf(shares))
  // The hardest case alone, for whoever wants one picture.
  const anew = shares.filter(({ what }) => what.startsWith('every token new'))
  writeFileSync(new URL('new-tokens.svg', import.meta.url), chartOf(anew))
}

function cellsOf(row: Row): string[] {
  const peers = Object.entries(row.peers).map(([name, value]) => `${name} ${show(value)}`)
  return [
    row.section,
    row.what,
    row.unit,
    show(row.ours),
    targetOf(row),
    row.limit ?? '–',
    verdictOf(row),
    peers.join('<br>'),
  ]
}

function targetOf({ target }: Row): string {
  if (target === undefined) return '–'
  return 'atLeast' in target ? `≥ ${digits(target.atLeast)}` : `≤ ${digits(target.atMost)}`
}

function show({ median, low, high }: Measured): string {
  return low === high ? digits(median) : `${digits(median)} (${digits(low)}–${digits(high)})`
}

function digits(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString('en')
  if (value >= 100) return Math.round(value).toLocaleString('en')
  return value.toFixed(value >= 10 ? 1 : 2)
}
