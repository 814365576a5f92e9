// npm run bench                       everything
// npm run bench -- --quick            fewer rounds, under two minutes
// npm run bench -- http memory        only these parts; the report is left alone
// npm run bench -- profile ES256      which functions a request's time and memory go to; RS256 without a name
// npm run bench -- profile no-token   the same of requests that are refused: bad, malformed, expired, kid, scope
// EARLIER_BUILD=../old/dist npm run bench -- profile no-token   what has changed since then, function by function
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { floods } from './floods.js'
import { algs } from './material.js'
import type { Row } from './measure.js'
import { ask, start, stopAll } from './processes.js'
import { printTable, writeReport } from './report.js'

const sections = [
  'cost',
  'http',
  'floods',
  'key-flood',
  'busy-pool',
  'memory',
  'startup',
  'dpop',
  'rooms',
  'introspection',
]
// Nobody else does these.
const ownSections = ['dpop', 'rooms', 'introspection']

const args = process.argv.slice(2)
const quick = args.includes('--quick')
const chosen = args.filter((arg) => arg !== '--quick')
const names = [...sections, 'rotations', 'profile', ...algs, ...floods.map(({ name }) => name)]
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
const needsPeers = chosen.length === 0 || chosen.some((name) => !ownSections.includes(name))
if (needsPeers && !existsSync(`${here}node_modules`)) {
  execFileSync('npm', ['ci', '--prefix', here], { stdio: 'inherit' })
}

if (chosen.includes('profile')) {
  const { profile } = await import('./profile.js')
  const alg = algs.find((name) => chosen.includes(name)) ?? 'RS256'
  const flood = floods.find(({ name }) => chosen.includes(name))
  await profile(alg, flood, process.env['EARLIER_BUILD'] !== undefined).finally(stopAll)
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
