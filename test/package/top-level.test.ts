import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

// What may stand at the top of the repository, dot files and tool configurations included.
const allowed = [
  '.ci',
  '.github',
  '.gitignore',
  '.npmrc',
  '.prettierignore',
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'eslint.config.js',
  'examples',
  'package-lock.json',
  'package.json',
  'src',
  'test',
  'tsconfig.json',
  'vitest.config.ts',
]

const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' })

test('holds nothing at the top but what the list names', () => {
  const names = git('ls-files', '--cached', '--others', '--exclude-standard', '-z')
    .split('\0')
    .filter((file) => file !== '')
    .map((file) => file.split('/')[0] as string)
  expect([...new Set(names)].filter((name) => !allowed.includes(name))).toEqual([])
})

test.each(['isolate-0x1-2-v8.log', 'CPU.1.cpuprofile', 'Heap.1.heapprofile', 'a.heapsnapshot'])(
  'ignores %s, which a profiler leaves behind',
  (file) => {
    expect(git('check-ignore', file).trim()).toBe(file)
  },
)

test('leaves no test file loose in test', () => {
  const files = git('ls-files', '--cached', '--others', '--exclude-standard', 'test').split('\n')
  expect(files.filter((file) => /^test\/[^/]+\.test\.ts$/.test(file))).toEqual([])
})
