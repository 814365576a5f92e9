// Builds `dist`: the code, put together so that few files are opened at start, without its comments, which the
// declarations keep; and of the declarations those that an entry leads to. `npm run build`.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))
const dist = join(root, 'dist')
const { exports, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const entries = Object.values(exports).filter((entry) => typeof entry === 'object')

rmSync(dist, { recursive: true, force: true })
const compiler = fileURLToPath(import.meta.resolve('typescript/bin/tsc'))
execFileSync(process.execPath, [compiler, '-p', 'tsconfig.json', '--emitDeclarationOnly'], {
  cwd: root,
  stdio: 'inherit',
})
removeUnreachable(entries.map(({ types }) => join(root, types)))
await build({
  entryPoints: [...entries.map((entry) => entry.default), ...Object.values(bin)].map(sourceOf),
  outdir: dist,
  outbase: join(root, 'src'),
  chunkNames: 'shared/[hash]',
  bundle: true,
  splitting: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  charset: 'utf8',
  logLevel: 'warning',
})

function sourceOf(file) {
  return join(root, 'src', relative('dist', file).replace(/\.js$/, '.ts'))
}

function removeUnreachable(doors) {
  const reached = new Set(doors)
  // A set that grows while it is walked through is walked through to its end.
  for (const file of reached) {
    const imports = readFileSync(file, 'utf8').matchAll(/(?:from |import\()'(\.[^']+)\.js'/g)
    for (const [, path] of imports) reached.add(resolve(dirname(file), `${path}.d.ts`))
  }
  for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name)
    if (entry.isFile() && !reached.has(file)) rmSync(file)
  }
}
