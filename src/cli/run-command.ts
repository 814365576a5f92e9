import { ConfigurationError } from '../core/errors.js'
import { DevelopmentKeyError } from '../internal/development-key.js'
import { readArguments, type Arguments, type Command } from './arguments.js'
import { create } from './create.js'
import { decode } from './decode.js'
import { devKey } from './dev-key.js'
import { discover } from './discover.js'
import { explain } from './explain.js'
import { init } from './init.js'
import { keys } from './keys.js'
import { exitCodes, UnreachableError, UsageError, type Report, type Terminal } from './terminal.js'

const commands: ReadonlyMap<string, Command> = new Map(
  Object.entries({ explain, decode, discover, keys, create, 'dev-key': devKey, init }),
)

/** Runs what the words say and gives the exit code; nothing is thrown. */
export async function runCommand(words: readonly string[], terminal: Terminal): Promise<number> {
  const [name = '--help', ...rest] = words
  if (name === '--help' || name === '-h' || name === 'help') {
    terminal.out(overview())
    return words.length === 0 ? exitCodes.usage : exitCodes.done
  }
  const command = commands.get(name)
  if (command === undefined) {
    terminal.note(`There is no such command; known are ${[...commands.keys()].join(', ')}`)
    return exitCodes.usage
  }
  try {
    return await answer(name, command, readArguments(command, rest), terminal)
  } catch (error) {
    return fault(name, error, terminal)
  }
}

async function answer(name: string, command: Command, given: Arguments, terminal: Terminal) {
  if (given.flag('help')) {
    terminal.out(helpOf(name, command))
    return exitCodes.done
  }
  const report = await command.run(given, terminal)
  print(report, given.flag('json'), terminal)
  return report.code
}

function print({ data, lines }: Report, asJson: boolean, { out }: Terminal): void {
  if (asJson) out(JSON.stringify(data, undefined, 2))
  else for (const line of lines) out(line)
}

// What whoever gave the command can put right.
const mistakes = [UsageError, ConfigurationError, DevelopmentKeyError]

function fault(name: string, error: unknown, { note }: Terminal): number {
  if (mistakes.some((kind) => error instanceof kind)) {
    note((error as Error).message)
    note(`npx express-jwt-bearer ${name} --help says more`)
    return exitCodes.usage
  }
  if (error instanceof UnreachableError) {
    note(error.message)
    return exitCodes.unreachable
  }
  // The message could quote what the command was given; the places in the code do not.
  const { name: kind, stack = '' } = error instanceof Error ? error : new Error()
  note(`This is a bug of express-jwt-bearer, please report it: ${kind}`)
  note(
    stack
      .split('\n')
      .filter((line) => /^\s+at /.test(line))
      .join('\n'),
  )
  return exitCodes.bug
}

function overview(): string {
  const rows = [...commands].map(([name, { summary }]) => `  ${name.padEnd(10)}${summary}`)
  return [
    'npx express-jwt-bearer <command>',
    '',
    ...rows,
    '',
    'Each command has --help and --json. Exit codes: 0 accepted or done, 1 refused,',
    '2 wrong usage or set-up, 3 issuer or URL unreachable, 70 a bug.',
  ].join('\n')
}

function helpOf(name: string, { usage, summary, options }: Command): string {
  const rows = Object.entries(options).map(([option, { type, multiple }]) => {
    const value = type === 'string' ? ' <value>' : ''
    return `  --${option}${value}${multiple === true ? ' (may be given several times)' : ''}`
  })
  return [
    `npx express-jwt-bearer ${name} ${usage}`,
    '',
    summary,
    '',
    ...rows,
    '  --json',
    '  --help',
  ].join('\n')
}
