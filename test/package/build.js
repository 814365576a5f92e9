// Builds `dist`: the code without its comments, which the declarations keep. `npm run build`.
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const compiler = fileURLToPath(import.meta.resolve('typescript/bin/tsc'))

rmSync(`${root}dist`, { recursive: true, force: true })
compile('--removeComments', '--declaration', 'false', '--isolatedDeclarations', 'false')
compile('--emitDeclarationOnly')

function compile(...flags) {
  execFileSync(process.execPath, [compiler, '-p', 'tsconfig.json', ...flags], {
    cwd: root,
    stdio: 'inherit',
  })
}
