import { parseArgs, type ParseArgsConfig } from 'node:util'
import type { Report, Terminal } from './terminal.js'
import { UsageError } from './terminal.js'

/** The options of a command, as `node:util` takes them. */
export type OptionTable = NonNullable<ParseArgsConfig['options']>

/** What a command was called with. */
export class Arguments {
  readonly #values: Readonly<Record<string, unknown>>
  readonly positionals: readonly string[]

  constructor(values: Readonly<Record<string, unknown>>, positionals: readonly string[]) {
    this.#values = values
    this.positionals = positionals
  }

  flag(name: string): boolean {
    return this.#values[name] === true
  }

  text(name: string): string | undefined {
    return this.#values[name] as string | undefined
  }

  texts(name: string): readonly string[] {
    return (this.#values[name] as readonly string[] | undefined) ?? []
  }

  number(name: string): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    if (/^\d+(\.\d+)?$/.test(text)) return Number(text)
    throw new UsageError(`--${name} must be a number, got ${JSON.stringify(text.slice(0, 40))}`)
  }
}

/** One command of the command line. */
export interface Command {
  /** How it is called, behind its name. */
  readonly usage: string
  readonly summary: string
  readonly options: OptionTable
  readonly maxPositionals: number
  readonly run: (given: Arguments, terminal: Terminal) => Promise<Report>
}

const everyCommand: OptionTable = {
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
}

/**
 * Reads the words behind a command's name.
 *
 * @throws {@link UsageError} when one of them is unknown, lacks its value or is one too many.
 */
export function readArguments(command: Command, words: readonly string[]): Arguments {
  const options = { ...command.options, ...everyCommand }
  const { values, positionals } = parsed(words, options)
  if (positionals.length > command.maxPositionals) {
    // Never quoted: it may be a token.
    throw new UsageError(`${positionals.length - command.maxPositionals} word too many`)
  }
  return new Arguments(values, positionals)
}

function parsed(words: readonly string[], options: OptionTable) {
  const config = { args: [...words], options, allowPositionals: true }
  const { tokens } = parseArgs({ ...config, strict: false, tokens: true })
  for (const token of tokens) {
    if (token.kind === 'option' && !Object.hasOwn(options, token.name)) {
      // Its name alone: the value behind "=" may be a secret.
      throw new UsageError(`unknown option ${JSON.stringify(token.rawName)}; see --help`)
    }
  }
  try {
    return parseArgs({ ...config, strict: true })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}
