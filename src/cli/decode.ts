import type { Command } from './arguments.js'
import { exitCodes, printable } from './terminal.js'
import { instantInWords } from './time-in-words.js'
import { readTokenInput, tokenInputOptions } from './token-input.js'
import { readTokenParts, typeOfClaim } from './token-parts.js'

const instants = ['exp', 'nbf', 'iat', 'auth_time', 'updated_at']

/** `decode`: what a token says, unchecked. */
export const decode: Command = {
  usage: '[token | -] [--token-file <file>] [--redact]',
  summary: "Shows a token's header and claims. Nothing is checked.",
  options: tokenInputOptions,
  maxPositionals: 1,
  run: async (given, terminal) => {
    const token = await readTokenInput(given, terminal)
    const { header, payload } = readTokenParts(token)
    if (header === undefined || payload === undefined) {
      const why = 'This is no JWT that can be read: an opaque, an encrypted or a damaged token.'
      return { code: exitCodes.refused, data: { checked: false, error: why }, lines: [why] }
    }
    const shown = (part: Readonly<Record<string, unknown>>) =>
      given.flag('redact') ? redacted(part) : part
    const data = { checked: false, header: shown(header), claims: shown(payload) }
    const dates = given.flag('redact') ? [] : datesOf(payload, terminal.now())
    return {
      code: exitCodes.done,
      data: dates.length === 0 ? data : { ...data, dates: Object.fromEntries(dates) },
      lines: [
        'Nothing is checked: anybody can write such a token.',
        `header ${inLines(data.header)}`,
        `claims ${inLines(data.claims)}`,
        ...dates.map(([name, text]) => `${name}: ${text}`),
      ],
    }
  },
}

function redacted(part: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(part).map(([name, value]) => [name, typeOfClaim(value)]))
}

function datesOf(
  claims: Readonly<Record<string, unknown>>,
  now: number,
): (readonly [string, string])[] {
  return instants.flatMap((name) => {
    const text = instantInWords(claims[name], now)
    return text === undefined ? [] : [[name, text] as const]
  })
}

// JSON escapes control characters, but not those that turn the direction of text.
function inLines(value: unknown): string {
  return JSON.stringify(value, undefined, 2).split('\n').map(printable).join('\n')
}
