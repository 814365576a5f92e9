import { us } from './contenders.js'
import type { Row } from './measure.js'

const width = 900
const left = 250
const scale = width - left - 60
const barHeight = 16

/** Draws shares of bare Express as bars, one group for each row. */
export function chartOf(rows: readonly Row[]): string {
  const shapes: string[] = []
  let y = 50
  for (const { what, ours, peers } of rows) {
    shapes.push(text(10, y + 12, what, 'font-weight="bold"'))
    y += barHeight + 4
    const bars = [[us, ours] as const, ...Object.entries(peers)]
    for (const [name, { median }] of bars) {
      const fill = name === us ? '#1f6feb' : '#9aa4b2'
      shapes.push(
        text(left - 8, y + 12, name, 'text-anchor="end"'),
        `<rect x="${left}" y="${y}" width="${(median * scale).toFixed(1)}" height="${barHeight - 3}" fill="${fill}"/>`,
        text(left + median * scale + 5, y + 12, median.toFixed(2)),
      )
      y += barHeight
    }
    y += 12
  }
  const limit = left + scale
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${y}" fill="#ffffff"/>`,
    text(10, 24, 'Requests per second as a share of a bare Express route (1.00)', 'font-size="16"'),
    `<line x1="${limit}" y1="40" x2="${limit}" y2="${y - 10}" stroke="#d0d7de"/>`,
    ...shapes,
    '</svg>',
    '',
  ].join('\n')
}

function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y}" fill="#24292f" ${attributes}>${content}</text>`
}
