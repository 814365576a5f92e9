// Starts an example, or lists them all.
//
//   npm run example                      the list
//   npm run example policies             examples/policies.ts, or examples/policies/server.ts
//
// Written in JavaScript, so that it runs without a loader and can pass on what npm does not: npm ends on
// SIGTERM without telling the program that it started.

import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const parent = process.ppid
const [name, ...words] = process.argv.slice(2)

if (name === undefined) list()
else start(fileOf(name.replace(/^examples\//, '')), words)

function fileOf(example) {
  const file = [example, `${example}.ts`, join(example, 'server.ts')].find(
    (each) => existsSync(join(here, each)) && statSync(join(here, each)).isFile(),
  )
  if (file !== undefined) return join(here, file)
  console.error(`There is no example "${example}". npm run example lists them.`)
  process.exit(1)
}

function start(file, args) {
  const child = spawn(process.execPath, ['--import', 'tsx', file, ...args], {
    stdio: 'inherit',
    env: { ...process.env, TSX_TSCONFIG_PATH: join(here, 'tsconfig.json') },
  })
  const end = (signal) => child.kill(signal)
  // On Ctrl+C the terminal tells the example by itself; somebody else may tell this program alone.
  process.on('SIGINT', () => setTimeout(() => end('SIGTERM'), 300).unref())
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => end(signal))
  const watching = setInterval(() => {
    if (process.ppid !== parent) end('SIGTERM')
  }, 200)
  child.on('exit', (code, signal) => {
    clearInterval(watching)
    process.exitCode = code ?? (signal === null ? 1 : 0)
  })
}

// The question that an example answers is its first comment.
function list() {
  const examples = readdirSync(here).flatMap((each) => {
    const file = [each, join(each, 'server.ts')].find(
      (one) => one.endsWith('.ts') && existsSync(join(here, one)),
    )
    const text = file === undefined ? '' : readFileSync(join(here, file), 'utf8')
    const question = /^(?:\/\*\*\n \*|\/\/) (?<question>[A-Z].*?\?)/m.exec(text)?.groups?.question
    // What has no line to start it by is a part of others.
    const starts = /npm (?:start|run example)/.test(text)
    return question !== undefined && starts ? [[each.replace(/\.ts$/, ''), question]] : []
  })
  for (const [example, question] of examples) {
    console.log(`npm run example ${example.padEnd(18)}${question}`)
  }
}
