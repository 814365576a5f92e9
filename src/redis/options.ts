import { checkNames, readText } from '../option-checks.js'

/** What every store of this entry accepts. */
export interface RedisStoreOptions {
  /**
   * The beginning of every key, to keep apps that share a server apart.
   *
   * @defaultValue `'bearer:'`
   */
  prefix?: string | undefined
}

/** Reads the one option there is. */
export function readPrefix(options: RedisStoreOptions, creator: string): string {
  checkNames(options, ['prefix'], `the options of ${creator}()`)
  return readText(options.prefix, 'prefix') ?? 'bearer:'
}
