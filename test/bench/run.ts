// npm run bench                       everything
// npm run bench -- --quick            fewer rounds, under two minutes
// npm run bench -- http memory        only these parts; the report is left alone
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Row } from './measure.js'
import { ask, start, stopAll } from './processes.js'
import { printTable, writeReport } from './report.js'

const sections = ['cost', 'http', 'floods', 'key-flood', 'busy-pool', 'memory', 'startup', 'dpop']

const args = process.argv.slice(2)
const quick = args.includes('--quick')
const chosen = args.filter((arg) => arg !== '--quick')
const names = [...sections, 'rotations']
const unknown = chosen.filter((name) => !names.includes(name))
if (unknown.length > 0) {
  throw new Error(`no part is called ${unknown.join(', ')}; there are ${names.join(', ')}`)
}
if (chosen.includes('rotations')) {
  // The stores of refresh tokens, on engines of their own; not part of what is compared.
  const { run } = await import('./rotations.js')
  await run()
}

const here = fileURLToPath(new URL('.', import.meta.url))
// Nobody else checks proofs.
const needsPeers = chosen.length === 0 || chosen.some((name) => name !== 'dpop')
if (needsPeers && !existsSync(`${here}node_modules`)) {
  execFileSync('npm', ['ci', '--prefix', here], { stdio: 'inherit' })
}

const rows: Row[] = []
const started = Date.now()
try {
  for (const section of sections.filter((name) => chosen.length === 0 || chosen.includes(name))) {
    const child = await start('./section.ts', ['--expose-gc'])
    const result = await ask<Row[]>(child, { section, quick })
    child.disconnect()
    printTable(result)
    rows.push(...result)
  }
} finally {
  stopAll()
}
const minutes = (Date.now() - started) / 60_000
console.log(`\n${minutes.toFixed(1)} minutes`)
if (chosen.length === 0) writeReport(rows, quick)
