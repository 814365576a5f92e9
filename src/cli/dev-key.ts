import {
  developmentKeyFolder,
  openDevelopmentKey,
  replaceDevelopmentKey,
} from '../internal/development-key.js'
import type { Command } from './arguments.js'
import { exitCodes } from './terminal.js'

/** `dev-key`: the key that `create` signs with. */
export const devKey: Command = {
  usage: '[--reset] [--public]',
  summary: "Shows or replaces this project's development key.",
  options: { reset: { type: 'boolean' }, public: { type: 'boolean' } },
  maxPositionals: 0,
  run: async (given, terminal) => {
    const folder = developmentKeyFolder(terminal)
    const key = given.flag('reset')
      ? await replaceDevelopmentKey(folder)
      : await openDevelopmentKey(folder)
    const keySet = { keys: [key.publicJwk] }
    if (given.flag('public')) {
      return { code: exitCodes.done, data: keySet, lines: [JSON.stringify(keySet, undefined, 2)] }
    }
    return {
      code: exitCodes.done,
      data: { file: key.file, kid: key.kid, alg: 'ES256' },
      lines: [
        `file  ${key.file}`,
        `kid   ${key.kid}`,
        'alg   ES256',
        ...(given.flag('reset') ? ['Tokens of the earlier key are refused from now on.'] : []),
      ],
    }
  },
}
