import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Arguments, OptionTable } from './arguments.js'
import { UsageError, type Terminal } from './terminal.js'

/** The options of every command that reads a token. */
export const tokenInputOptions: OptionTable = {
  'token-file': { type: 'string' },
  redact: { type: 'boolean' },
}

/**
 * Reads the token: from standard input (`-`), as an argument, from a file or from the variable `TOKEN`.
 *
 * @throws {@link UsageError} when there is none.
 */
export async function readTokenInput(given: Arguments, terminal: Terminal): Promise<string> {
  terminal.note('Tokens are credentials: whoever has it can use it.')
  const token = (await rawInput(given, terminal)).trim()
  if (token === '') throw new UsageError('the token is empty')
  return token
}

async function rawInput(given: Arguments, terminal: Terminal): Promise<string> {
  const [word] = given.positionals
  const file = given.text('token-file')
  if (word === '-') return terminal.readInput()
  if (word !== undefined) {
    terminal.note(
      'An argument stays in the history of the shell: pipe the token in (-), or use --token-file or $TOKEN.',
    )
    return word
  }
  if (file !== undefined) return readTextFile(file, 'token-file', terminal)
  const { TOKEN } = terminal.env
  if (TOKEN !== undefined) return TOKEN
  throw new UsageError('there is no token: pipe it in (-), or use --token-file or $TOKEN')
}

/**
 * Reads a file that an option names.
 *
 * @throws {@link UsageError} when it cannot be read.
 */
export async function readTextFile(
  file: string,
  option: string,
  { cwd }: Terminal,
): Promise<string> {
  try {
    return await readFile(resolve(cwd, file), 'utf8')
  } catch (error) {
    const { code } = error as { code?: unknown }
    throw new UsageError(`--${option}: the file cannot be read (${String(code)})`)
  }
}
